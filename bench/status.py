"""The return status: the flow (planned, checked, sent, 100 returns a call) against a bare httpx loop of the same RT25 calls."""

import tempfile
from pathlib import Path
from typing import Any

import httpx

from bench.measure import Row, Side, Watch, all_done, alternate, run, same
from bench.shops import DAY, KEY, access, context, headers, sandbox

RETURNS = 10_000
BATCH = 100


def product(home: str, url: str, key: str, ids: str) -> dict[str, Any]:
    """run_return_status of a day on which ReBound's hub received every return; `ids`: a file of Mirakl's return ids, a line each."""
    import great_expectations  # noqa: F401 - two seconds that a process pays once, whatever it runs

    from returns_assets.operations.side_flows import run_return_status

    with context(home, url, key) as ctx:
        with ctx.warehouse.transaction() as con:
            con.execute(
                """
                INSERT INTO rebound_returns BY NAME
                SELECT $day::DATE AS day, md5(i::VARCHAR) AS event_key, i AS document_id, $day::DATE AS received_at,
                    $day::DATE + to_seconds(i % 80000) AS event_time, 'PARCEL_AT_HUB' AS event, 40 AS event_rank, 'nordhaus' AS marketplace,
                    'R' || i AS return_id, 'NOR-' || i || '-A' AS order_id, 'HUB' AS lane, id AS mirakl_return_id
                FROM (SELECT id, row_number() OVER () - 1 AS i FROM read_csv($ids, header = false, names = ['id'], all_varchar = true))
                """,
                {"day": DAY, "ids": ids},
            )
        watch = Watch()
        report = run_return_status(ctx, KEY, DAY)
        return {**watch.times(), "blocked": report.blocked_by}


def bare(url: str, key: str, ids: str) -> dict[str, Any]:
    """One call after the other: no reading, no matching, no ledger."""
    returns = Path(ids).read_text(encoding="utf-8").split()
    with httpx.Client(headers=headers(key), timeout=30) as http:
        watch = Watch()
        for start in range(0, len(returns), BATCH):
            entries = [{"id": each} for each in returns[start : start + BATCH]]
            http.put(f"{url}/api/returns/receive?shop_id=2001", json={"returns": entries}).raise_for_status()
        return {**watch.times(), "blocked": ()}


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the two did not leave the same returns received."""
    returns = max(int(RETURNS * scale), 20)
    calls: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:

        def side(name: str, turn: int) -> Side:
            home = Path(folder) / f"{name}-{turn}"
            more = {"home": str(home / "home")} if name == "product" else {}
            with sandbox(home, returns, 1) as started:
                ids = home / "ids.csv"
                made = [
                    started.post(
                        "returns", marketplace=KEY, order_id=f"NOR-{n}-A", lines=[{"order_line_id": f"NOR-{n}-A-1"}], accepted=True
                    )
                    for n in range(returns)
                ]
                ids.write_text("\n".join(each["id"] for each in made) + "\n", encoding="utf-8")
                started.delete("requests")
                figures = run(f"status:{name}", ids=str(ids), **access(started), **more)
                counts = started.get("requests/counts")["counts"]
                calls[name] = sum(counts.values())
                shown = started.get("returns", marketplace=KEY)["returns"]
            figures.result["received"] = sum(each["state"] == "RECEIVED" for each in shown)
            figures.result["updating calls"] = counts[f"{KEY}/RT25"]
            return figures

        sides = alternate({name: lambda n, name=name: side(name, n) for name in ("product", "bare")}, repeat)
    all_done("received", sides, returns)
    all_done("updating calls", sides, -(-returns // BATCH))
    same("blocked", sides)
    ours, hand = sides["product"], sides["bare"]
    our_rate, bare_rate = (f"{returns / figures.seconds:,.0f} a second" for figures in (ours, hand))
    return [
        Row(
            f"status of {returns:,} returns, {BATCH} a call",
            our_rate,
            bare_rate,
            f"{hand.seconds / ours.seconds:.0%} of its rate",
            peak=ours.peak,
        ),
        Row("calls in all", f"{calls['product']:,}", f"{calls['bare']:,}"),
    ]
