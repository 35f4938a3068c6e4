"""Restock: the flow (orders and offers read, decided, checked, one stock file, looked at again) against bare calls."""

import tempfile
from pathlib import Path
from typing import Any

import httpx

from bench.measure import Row, Side, Watch, all_done, alternate, run, same
from bench.shops import DAY, KEY, access, context, headers, sandbox

UNITS = 100_000
A_LINE, SKUS = 10, 5_000  # units of an order line; SKUs as in bench.shops


def product(home: str, url: str, key: str, orders: int) -> dict[str, Any]:
    """run_restock of a day on which all units of `orders` orders were graded and put on the shelf, a piece each."""
    import great_expectations  # noqa: F401 - two seconds that a process pays once, whatever it runs

    from returns_assets.operations.side_flows import run_restock

    with context(home, url, key) as ctx:
        with ctx.warehouse.transaction() as con:
            con.execute(
                """
                INSERT INTO rebound_returns BY NAME
                SELECT $day::DATE AS day, md5(o || '-' || p || e.event) AS event_key, o * 100 + p AS document_id, $day::DATE AS received_at,
                    $day::DATE + to_seconds(o % 80000) AS event_time, e.event, e.event_rank, e.kind, 'nordhaus' AS marketplace,
                    'R' || o AS return_id, 'NOR-' || o || '-A' AS order_id, 'P' || o || '-' || p AS piece_id,
                    'NOR-' || o || '-A-1' AS line_ref,
                    'HUB' AS lane, 1 AS quantity, e.verification, e.grade, e.disposition
                FROM range($orders) t (o), range($a_line) u (p), (
                    VALUES ('ITEM_GRADED', 60, 'return_snapshot', 'MATCH', 'A', 'RESTOCK'),
                        ('PUTAWAY_COMPLETED', 90, 'warehouse_file', NULL, 'U', 'NONE')
                ) e (event, event_rank, kind, verification, grade, disposition)
                """,
                {"day": DAY, "orders": orders, "a_line": A_LINE},
            )
        watch = Watch()
        report = run_restock(ctx, KEY, DAY)
        return {**watch.times(), "blocked": report.blocked_by}


def bare(url: str, key: str, orders: int) -> dict[str, Any]:
    """The offers read page by page, one file with the new quantities, its status: no orders, no pieces, no ledger, no second look."""
    more: dict[str, int] = {}
    for number in range(orders):
        more[f"S{number % SKUS}"] = more.get(f"S{number % SKUS}", 0) + A_LINE
    with httpx.Client(headers=headers(key), timeout=60) as http:
        watch = Watch()
        found: dict[str, int] = {}
        while len(found) < len(more):
            page = http.get(f"{url}/api/offers", params={"shop_id": "2001", "max": 100, "offset": len(found)}).raise_for_status().json()
            found |= {offer["shop_sku"]: offer["quantity"] for offer in page["offers"]}
        lines = [f"{sku};{found[sku] + units};;update" for sku, units in more.items()]
        content = "\n".join(["offer-sku;quantity;warehouse-code;update-delete", *lines]).encode()
        target = f"{url}/api/offers/stock/imports"
        made = http.post(f"{target}?shop_id=2001", files={"file": ("stock.csv", content, "text/csv")}).raise_for_status().json()
        http.get(f"{target}/{made['import_id']}/status?shop_id=2001").raise_for_status()
        return {**watch.times(), "blocked": ()}


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the two did not leave the same quantities."""
    units = max(int(UNITS * scale), 100)
    orders = units // A_LINE
    calls: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:

        def side(name: str, turn: int) -> Side:
            home = Path(folder) / f"{name}-{turn}"
            more = {"home": str(home / "home")} if name == "product" else {}
            with sandbox(home, orders, 1, quantity=A_LINE) as started:
                offers = [{"sku": f"S{n}", "quantity": 3} for n in range(min(orders, SKUS))]
                started.post("offers", marketplace=KEY, offers=offers)
                started.delete("requests")
                figures = run(f"restock:{name}", orders=orders, **access(started), **more)
                calls[name] = sum(started.get("requests/counts")["counts"].values())
                changes = started.get("offers/history", marketplace=KEY, cause="import")["changes"]
            figures.result["after"] = sorted((each["sku"], each["after"]) for each in changes)
            figures.result["units"] = sum(each["after"] - each["before"] for each in changes)
            return figures

        sides = alternate({name: lambda n, name=name: side(name, n) for name in ("product", "bare")}, repeat)
    all_done("units", sides, orders * A_LINE)
    same("after", sides)
    same("blocked", sides)
    ours, hand = sides["product"], sides["bare"]
    what = f"restock of {units:,} units of {min(orders, SKUS):,} SKUs"
    return [
        Row(what, f"{ours.seconds:.1f} s", f"{hand.seconds:.1f} s", f"{ours.seconds / hand.seconds:.1f}x", peak=ours.peak),
        Row("calls of the restock", f"{calls['product']:,}", f"{calls['bare']:,}"),
    ]  # fmt: skip
