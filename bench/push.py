"""Pushing refunds: the step against a bare httpx loop of the same OR28 calls, as many at once, on a fresh sandbox each."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from bench.measure import Row, Side, Watch, alternate, run, same
from bench.shops import DAY, KEY, access, context, headers, price, sandbox

REFUNDS = 5_000
AIM = 0.7


def product(home: str, url: str, key: str, refunds: int) -> dict[str, Any]:
    """steps.act.push_refunds of a partition that was decided, validated and registered; only the push is timed."""
    from returns_assets.steps.act import push_refunds, register_refunds
    from returns_assets.warehouse.partitions import slice_hash

    with context(home, url, key) as ctx:
        with ctx.warehouse.transaction() as con:
            con.execute(
                """
                INSERT INTO mapped_dispositions BY NAME
                SELECT 'nordhaus' AS marketplace, $day::DATE AS day, 'P' || i AS piece_id, 'NOR-' || i || '-A' AS order_id,
                    'NOR-' || i || '-A-1' AS order_line_id, 1 AS quantity, 0 AS unit_from, '17' AS refund_reason_code, 'refund' AS outcome,
                    FALSE AS paid, ((1000 + i % 1000) * 0.01)::DECIMAL(18, 4) AS amount, 0 AS shipping_amount, '[]' AS taxes,
                    '[]' AS shipping_taxes, 'EUR' AS currency, 'TAX_INCLUDED' AS tax_mode, '[]' AS foreign_refund_ids
                FROM range($refunds) t (i)
                """,
                {"day": DAY, "refunds": refunds},
            )
            content = slice_hash(con, "mapped_dispositions", {"marketplace": KEY, "day": DAY})
        ctx.ledger.validations.record("mapped_dispositions", KEY, DAY, content, ctx.mappings.version, True, "bench", {})
        register_refunds(ctx, KEY, DAY)
        watch = Watch()
        result = push_refunds(ctx, KEY, DAY)
        return {**watch.times(), "states": result.metadata["states"]}


def body(number: int) -> bytes:
    """The refund of the first line of order `number`."""
    entry = (
        f'{{"order_line_id":"NOR-{number}-A-1","amount":{price(number)},"shipping_amount":0.00,"reason_code":"17","quantity":1,'
        f'"currency_iso_code":"EUR"}}'
    )
    return f'{{"order_tax_mode":"TAX_INCLUDED","refunds":[{entry}]}}'.encode()


def bare(url: str, key: str, refunds: int, concurrency: int) -> dict[str, Any]:
    """One client, `concurrency` threads, no ledger, no checks, no second look."""
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    target = f"{url}/api/orders/refund?shop_id=2001"
    with httpx.Client(headers={**headers(key), "Content-Type": "application/json"}, timeout=30, limits=limits) as http:

        def send(number: int) -> int:
            return http.put(target, content=body(number)).raise_for_status().status_code

        watch = Watch()
        with ThreadPoolExecutor(max_workers=concurrency) as pool:
            done = sum(200 <= status < 300 for status in pool.map(send, range(refunds)))
        return {**watch.times(), "states": {"confirmed": done}}


def concurrency() -> int:
    """The marketplace's own, for both sides."""
    from bench.measure import ROOT
    from returns_assets.translation.load import load_mappings

    return load_mappings(ROOT / "mappings").marketplace(KEY).calls.concurrency


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the two did not refund the same money."""
    refunds, threads = max(int(REFUNDS * scale), 20), concurrency()
    calls: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:

        def side(name: str, turn: int) -> Side:
            home = Path(folder) / f"{name}-{turn}"
            more: dict[str, Any] = {"home": str(home / "home")} if name == "product" else {"concurrency": threads}
            with sandbox(home, refunds, 1) as started:
                figures = run(f"push:{name}", refunds=refunds, **access(started), **more)
                totals = started.get("totals", marketplace=KEY)[KEY]
                calls[name] = sum(started.get("requests/counts")["counts"].values()) / refunds
            figures.result["refunded"] = [totals["refunds"], totals["refunded_amount"], totals["refunded_shipping"]]
            return figures

        sides = alternate({name: lambda n, name=name: side(name, n) for name in ("product", "bare")}, repeat)
    same("refunded", sides)
    same("states", sides)
    ours, hand = sides["product"], sides["bare"]
    ratio = hand.seconds / ours.seconds
    what = f"pushing {refunds:,} refunds, {threads} at once"
    our_rate, bare_rate = (f"{refunds / figures.seconds:,.0f} a second" for figures in (ours, hand))
    return [
        Row(what, our_rate, bare_rate, f"{ratio:.0%} of its rate", f"{AIM:.0%}", ratio >= AIM, ours.peak),
        Row("calls a refund", f"{calls['product']:.3f}", f"{calls['bare']:.3f}"),
    ]
