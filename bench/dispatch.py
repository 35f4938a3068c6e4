"""Telling dispatches: the flow (orders read, planned, checked, sent) against a bare httpx loop of the same ST01 calls, as many at once."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from bench.measure import Row, Side, Watch, all_done, alternate, run, same
from bench.push import concurrency
from bench.shops import DAY, KEY, access, context, headers, sandbox

DISPATCHES = 10_000


def product(home: str, url: str, key: str, dispatches: int) -> dict[str, Any]:
    """run_dispatches of a day on which `dispatches` orders left, a parcel each."""
    import great_expectations  # noqa: F401 - two seconds that a process pays once, whatever it runs

    from returns_assets.operations.side_flows import run_dispatches

    with context(home, url, key) as ctx:
        with ctx.warehouse.transaction() as con:
            con.execute(
                """
                INSERT INTO warehouse_events BY NAME
                SELECT $day::DATE AS day, md5(i::VARCHAR) AS event_key, 1 AS document_id, i AS line_number, $day::DATE AS received_at,
                    $day::DATE + to_seconds(i % 80000) AS event_time, 'DISPATCHED' AS event, 'nordhaus' AS marketplace,
                    'NOR-' || i || '-A' AS order_id, 'NOR-' || i || '-A-1' AS order_line_id, 1 AS quantity, 'DPD' AS carrier,
                    'T' || i AS tracking_number
                FROM range($dispatches) t (i)
                """,
                {"day": DAY, "dispatches": dispatches},
            )
        watch = Watch()
        report = run_dispatches(ctx, KEY, DAY)
        return {**watch.times(), "blocked": report.blocked_by}


def bare(url: str, key: str, dispatches: int, concurrency: int) -> dict[str, Any]:
    """One client, `concurrency` threads: no reading, no carriers, no ledger, no second look."""
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    target = f"{url}/api/shipments?shop_id=2001"
    with httpx.Client(headers=headers(key), timeout=30, limits=limits) as http:

        def send(number: int) -> None:
            line = {"order_line_id": f"NOR-{number}-A-1", "quantity": 1}
            tracking = {"carrier_code": "DPD_CLASSIC", "tracking_number": f"T{number}"}
            shipment = {"order_id": f"NOR-{number}-A", "shipment_lines": [line], "shipped": True, "tracking": tracking}
            http.post(target, json={"shipments": [shipment]}).raise_for_status()

        watch = Watch()
        with ThreadPoolExecutor(max_workers=concurrency) as pool:
            list(pool.map(send, range(dispatches)))
        return {**watch.times(), "blocked": ()}


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the two did not ship the same parcels."""
    dispatches, threads = max(int(DISPATCHES * scale), 20), concurrency()
    calls: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:

        def side(name: str, turn: int) -> Side:
            home = Path(folder) / f"{name}-{turn}"
            more: dict[str, Any] = {"home": str(home / "home")} if name == "product" else {"concurrency": threads}
            with sandbox(home, dispatches, 1, state="SHIPPING") as started:
                figures = run(f"dispatch:{name}", dispatches=dispatches, **access(started), **more)
                calls[name] = sum(started.get("requests/counts")["counts"].values()) / dispatches
                shipments = started.get("shipments", marketplace=KEY)["shipments"]
            figures.result["shipped"] = sorted(
                (each["order_id"], each["tracking"]["carrier_code"], each["tracking"]["tracking_number"], each["status"])
                for each in shipments
            )
            figures.result["parcels"] = len(figures.result["shipped"])
            return figures

        sides = alternate({name: lambda n, name=name: side(name, n) for name in ("product", "bare")}, repeat)
    all_done("parcels", sides, dispatches)
    same("shipped", sides)
    same("blocked", sides)
    ours, hand = sides["product"], sides["bare"]
    what = f"telling {dispatches:,} dispatches, {threads} at once"
    our_rate, bare_rate = (f"{dispatches / figures.seconds:,.0f} a second" for figures in (ours, hand))
    return [
        Row(what, our_rate, bare_rate, f"{hand.seconds / ours.seconds:.0%} of its rate", peak=ours.peak),
        Row("calls a dispatch", f"{calls['product']:.3f}", f"{calls['bare']:.3f}"),
    ]
