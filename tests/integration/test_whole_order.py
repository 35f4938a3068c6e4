"""An order that comes back on two days: the second day refunds its own line and, alone, what the first day's line has left of its shipping.

The whole job against the sandbox; what counts is what the sandbox booked.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from returns_assets.operations.pipeline import run_day, run_partition
from returns_assets.settings import Settings
from returns_assets.steps.context import StepContext, open_context
from tests.sandbox_fixture import Sandbox, running_sandbox
from tests.steps.act_world import Clock

MAPPINGS = Path(__file__).parents[2] / "mappings"
FIRST, SECOND, THIRD = date(2025, 3, 3), date(2025, 3, 4), date(2025, 3, 5)
PREFIX = {"nordhaus": "NOR", "maplewood": "MAP"}
TAX = {"nordhaus": "VAT", "maplewood": "US-COUNTY"}  # the second only as far as it is named in the refund


class Shop:
    """One marketplace with one order: two units of S1 for 20.00 and 4.99 shipping, one of S2 for 7.01 and 2.50 shipping; both taxed."""

    def __init__(self, sandbox: Sandbox, ctx: StepContext, clock: Clock, key: str) -> None:
        self.sandbox, self.ctx, self.clock, self.key = sandbox, ctx, clock, key
        self.order = f"{PREFIX[key]}-7001-A"
        self.put(TAX[key], {"quantity": 2, "price": "20.00", "shipping_price": "4.99"}, {"price": "7.01", "shipping_price": "2.50"})

    def put(self, tax: str, *lines: dict[str, Any]) -> None:
        taxes = [("3.19", "0.80"), ("1.12", "0.40")]
        self.sandbox.put_orders(
            self.key,
            {
                "order_id": self.order,
                "order_state": "RECEIVED",
                "created_date": "2025-03-01T08:00:00Z",
                "order_lines": [
                    {
                        **line,
                        "offer_sku": f"S{number}",
                        "taxes": [{"code": tax, "amount": product}],
                        "shipping_taxes": [{"code": tax, "amount": shipping}],
                    }
                    for number, (line, (product, shipping)) in enumerate(zip(lines, taxes, strict=True), start=1)
                ],
            },
        )

    def returned(self, piece: str, line: int, day: date, **more: str) -> None:
        item = {
            "reboundItemId": piece,
            "clientItemId": f"{self.order}-{line}",
            "sku": f"S{line}",
            "quantity": "1",
            "reasonCode": "Too large",
        }
        body = {
            "order": {
                "reboundOrderId": f"R-{piece}",
                "clientOrderId": self.order,
                "timestamp": f"{day}T09:00:00Z",
                "items": [{**item, **more}],
            }
        }
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        self.ctx.ledger.inbox.add(json.dumps(body).encode(), channel="refund-registered", name=f"{piece}-{day}.json", received_at=at)

    def run(self, day: date) -> dict[str, int]:
        """The whole job, so much later that what waited for its time is due."""
        self.clock.advance(7200)
        run_day(self.ctx, day)
        report = run_partition(self.ctx, self.key, day)
        assert report.passed, report.blocked_by
        return report.effects

    def booked(self, line: int) -> list[tuple[Decimal, Decimal]]:
        """(amount, shipping) of the line's refunds, in their order."""
        return [(Decimal(r["amount"]), Decimal(r["shipping_amount"])) for r in self.lines()[line - 1]["refunds"]]

    def read(self) -> dict[str, Any]:
        mode = self.ctx.mappings.marketplace(self.key).order_tax_mode
        with self.sandbox.seller(self.key) as seller:
            answer = seller.get("/api/orders", params={"order_ids": self.order, "order_tax_mode": mode})
            return json.loads(answer.content, parse_float=Decimal)["orders"][0]

    def lines(self) -> list[dict[str, Any]]:
        return self.read()["order_lines"]

    def calls(self) -> int:
        return len(self.sandbox.requests(self.key, "OR28"))

    def top_ups(self, day: date) -> list[dict[str, Any]]:
        with self.ctx.warehouse.read() as con:
            rows = con.execute("SELECT shipping_top_ups FROM mapped_dispositions WHERE day = ? AND shipping_top_ups IS NOT NULL", [day])
            return [entry for (text,) in rows.fetchall() for entry in json.loads(text)]


@contextmanager
def shop_of(folder: Path, key: str) -> Generator[Shop]:
    clock = Clock()
    with running_sandbox(folder, clock=f"{THIRD}T00:00:00Z") as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.env.items():
            patch.setenv(name, value)
        with open_context(Settings(home=folder / "home", mappings=MAPPINGS), run_id="r", actor="test", now=clock) as ctx:
            yield Shop(sandbox, ctx, clock, key)


@pytest.fixture
def shop(tmp_path: Path) -> Generator[Shop]:
    with shop_of(tmp_path, "nordhaus") as made:
        yield made


def first_day(shop: Shop) -> None:
    """Both units of line 1: one for no reason of the seller's, one faulty, with its share of the shipping."""
    shop.returned("P1", 1, FIRST)
    shop.returned("P2", 1, FIRST, reasonCode="Faulty")
    assert shop.run(FIRST) == {"confirmed": 1}
    assert shop.booked(1) == [(20, Decimal("2.49"))]
    assert shop.booked(2) == []


@pytest.mark.parametrize("key", ["nordhaus", "maplewood"], ids=["taxes included", "taxes excluded"])
def test_the_second_day_refunds_its_line_and_the_other_line_s_shipping(tmp_path: Path, key: str) -> None:
    with shop_of(tmp_path, key) as shop:
        first_day(shop)
        shop.returned("P3", 2, SECOND)
        assert shop.run(SECOND) == {"confirmed": 2}
        assert shop.booked(2) == [(Decimal("7.01"), Decimal("2.50"))]
        assert shop.booked(1)[1:] == [(0, Decimal("2.50"))]

        order = shop.read()
        assert order["fully_refunded"] is True
        for line in order["order_lines"]:
            for total, part in (("price", "amount"), ("shipping_price", "shipping_amount")):
                assert sum(Decimal(refund[part]) for refund in line["refunds"]) == Decimal(line[total])
            for taxes in ("taxes", "shipping_taxes"):
                refunded = [Decimal(tax["amount"]) for refund in line["refunds"] for tax in refund[taxes]]
                assert sum(refunded) == sum(Decimal(tax["amount"]) for tax in line[taxes])
        with shop.ctx.warehouse.read() as con:
            money = "SELECT sum(refunded_amount), sum(refunded_shipping) FROM return_metrics WHERE marketplace = ?"
            assert con.execute(money, [key]).fetchone() == (Decimal("27.01"), Decimal("7.49"))

        calls = shop.calls()
        assert calls == 3
        for day in (FIRST, SECOND, FIRST, SECOND):
            assert shop.run(day) == {"confirmed": 1 if day == FIRST else 2}
        assert (shop.calls(), shop.read()) == (calls, order)
        assert [(entry["order_line_id"], entry["paid"]) for entry in shop.top_ups(SECOND)] == [(f"{shop.order}-1", True)]
        assert shop.top_ups(FIRST) == []


def test_lost_answers_of_both_are_read_back(shop: Shop) -> None:
    first_day(shop)
    shop.returned("P3", 2, SECOND)
    shop.sandbox.fault("OR28", "cut_after", marketplace=shop.key, times=2)
    assert shop.run(SECOND) == {"unknown": 2}
    calls = shop.calls()
    assert shop.run(SECOND) == {"confirmed": 2}
    assert shop.calls() == calls, "found by reading the order back, not sent again"
    assert (shop.booked(1)[1:], len(shop.booked(2))) == ([(0, Decimal("2.50"))], 1)
    assert shop.read()["fully_refunded"] is True


def test_shipping_refunded_by_hand_meanwhile_is_netted_out(shop: Shop) -> None:
    first_day(shop)
    shop.sandbox.post("ghost-refund", marketplace=shop.key, order_line_id=f"{shop.order}-1", amount=0, shipping_amount="2.00")
    shop.returned("P3", 2, SECOND)
    assert shop.run(SECOND) == {"confirmed": 2}
    assert shop.booked(1)[1:] == [(0, Decimal("2.00")), (0, Decimal("0.50"))]
    assert shop.read()["fully_refunded"] is True


@pytest.mark.parametrize("piece", ["P1", "P3"], ids=["the piece paid before", "the piece that completed the order"])
def test_a_correction_before_it_was_sent_withdraws_it(shop: Shop, piece: str) -> None:
    first_day(shop)
    shop.returned("P3", 2, SECOND)
    shop.sandbox.post("balance", marketplace=shop.key, payable=0)
    assert shop.run(SECOND) == {"retry_at": 2}
    shop.sandbox.post("balance", marketplace=shop.key, payable=None)
    shop.returned(piece, int(piece == "P3") + 1, THIRD, verification="MISSING")
    shop.run(THIRD)
    shipping = shop.ctx.ledger.effects.without_pieces(shop.key, "refund", [f"{shop.order}-1"])
    assert [effect.state for effect in shipping] == ["withdrawn"]
    for day in (FIRST, SECOND, THIRD):
        shop.run(day)
    assert shop.booked(1)[1:] == []
    assert shop.booked(2) == ([(Decimal("7.01"), 0)] if piece == "P1" else [])


def test_what_waits_for_the_balance_survives_runs_of_every_day(shop: Shop) -> None:
    first_day(shop)
    shop.returned("P3", 2, SECOND)
    shop.sandbox.post("balance", marketplace=shop.key, payable=0)
    for day in (SECOND, FIRST, SECOND):
        shop.run(day)
    (waiting,) = shop.ctx.ledger.effects.without_pieces(shop.key, "refund", [f"{shop.order}-1"])
    assert (waiting.state, waiting.day, waiting.shipping_amount) == ("retry_at", SECOND, Decimal("2.50"))
    shop.sandbox.post("balance", marketplace=shop.key, payable=None)
    shop.run(SECOND)
    assert shop.booked(1)[1:] == [(0, Decimal("2.50"))]
    assert shop.read()["fully_refunded"] is True


def test_days_that_are_run_in_the_wrong_order_come_to_the_same(shop: Shop) -> None:
    shop.returned("P3", 2, SECOND)
    assert shop.run(SECOND) == {"confirmed": 1}
    assert shop.booked(2) == [(Decimal("7.01"), 0)]
    shop.returned("P1", 1, FIRST)
    shop.returned("P2", 1, FIRST)
    assert shop.run(FIRST) == {"confirmed": 2}
    assert shop.booked(1) == [(20, Decimal("4.99"))]
    assert shop.booked(2)[1:] == [(0, Decimal("2.50"))]
    order = shop.read()
    assert order["fully_refunded"] is True
    for day in (FIRST, SECOND):
        shop.run(day)
    assert shop.read() == order


def test_what_an_earlier_day_asked_for_and_did_not_get_is_made_by_that_day(shop: Shop) -> None:
    """The later day, whose paid line it is about, need not be run again."""
    shop.returned("P3", 2, SECOND)
    assert shop.run(SECOND) == {"confirmed": 1}
    shop.returned("P1", 1, FIRST)
    shop.returned("P2", 1, FIRST)
    shop.sandbox.fault("OR28", "cut_before", marketplace=shop.key, contains=f'"{shop.order}-2"', times=1)
    assert shop.run(FIRST) == {"confirmed": 1, "unknown": 1}
    assert (shop.booked(1), shop.booked(2)[1:]) == ([(20, Decimal("4.99"))], [])
    assert shop.run(FIRST) == {"confirmed": 2}
    assert shop.booked(2)[1:] == [(0, Decimal("2.50"))]
    assert shop.read()["fully_refunded"] is True
    order = shop.read()
    for day in (SECOND, FIRST, SECOND):
        shop.run(day)
    assert shop.read() == order
