"""The suites on real slices: a good partition passes, and each damage turns exactly the check red that is there for it."""

import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from returns_assets.quality import gate
from returns_assets.quality.suites import MAPPED, SUITES
from tests.quality.world import DAY, MAPPINGS, World, new_world

BAD_CODE = {"ready_codes_live", "ready_codes_translated", "codes_validate"}
READY = "UPDATE mapped_dispositions SET {} WHERE piece_id = 'P3'"
# damage done behind the planning SQL's back -> the checks that must see it
DAMAGES: list[tuple[str, str, set[str]]] = [
    ("a code that is not in the live list", READY.format("refund_reason_code = '99'"), BAD_CODE),
    ("a live code that shops may not use", READY.format("refund_reason_code = '14'"), BAD_CODE),
    ("no code", READY.format("refund_reason_code = NULL"), BAD_CODE),
    ("a code withdrawn by the operator since", "DELETE FROM mirakl_reference WHERE code = '17'", {"ready_codes_live", "codes_validate"}),
    ("the operator's list was not read", "DELETE FROM mirakl_reference", {"ready_codes_live", "codes_validate"}),
    ("another line state in the order as read, the verdict column untouched",
     "UPDATE mirakl_order_lines SET line_state = 'CLOSED' WHERE order_id = 'NOR-2-A'", {"ready_states_eligible", "states_validate"}),
    ("a line that only waits is not eligible, but no fault of the row",
     "UPDATE mirakl_order_lines SET line_state = 'SHIPPING' WHERE order_id = 'NOR-2-A'", {"ready_states_eligible"}),
    ("another currency", READY.format("currency = 'USD'"), {"ready_currency"}),
    ("another tax mode", READY.format("tax_mode = 'TAX_EXCLUDED'"), {"ready_tax_mode"}),
    ("an order in another currency", "UPDATE mirakl_orders SET currency = 'CHF' WHERE order_id = 'NOR-2-A'", {"ready_currency"}),
    ("a line of another order", READY.format("order_id = 'NOR-1-A'"), {"ready_line_of_order"}),
    ("amount zero", READY.format("amount = 0"), {"ready_amounts_positive"}),
    ("no amount", READY.format("amount = NULL"), {"ready_amounts_positive"}),
    ("negative shipping", READY.format("shipping_amount = -0.01"), {"ready_shipping_not_negative"}),
    ("a cent too much", READY.format("amount = 7.02"), {"ready_within_remainder"}),
    ("a hundredth of a cent too much", READY.format("amount = 7.0101"), {"ready_within_remainder"}),
    ("a cent too much shipping", READY.format("shipping_amount = 4.91"), {"ready_within_shipping"}),
    ("somebody refunded meanwhile",
     "INSERT INTO mirakl_refunds (marketplace, day, order_id, order_line_id, refund_id, amount, shipping_amount) "
     "VALUES ('nordhaus', '2025-03-05', 'NOR-2-A', 'NOR-2-A-1', 'F1', 0.01, 0)", {"ready_within_remainder"}),
    ("more units than sold", READY.format("quantity = 2"), {"ready_within_units"}),
    ("a piece twice", "INSERT INTO mapped_dispositions SELECT * FROM mapped_dispositions WHERE piece_id = 'P5'",
     {"piece_keys_unique", "nothing_lost"}),
    ("a piece in a later day's partition, too",
     "INSERT INTO mapped_dispositions SELECT * REPLACE (day + 1 AS day) FROM mapped_dispositions WHERE piece_id = 'P3'",
     {"ready_not_in_later_day"}),
    ("a piece lost", "DELETE FROM mapped_dispositions WHERE piece_id = 'P5'", {"nothing_lost"}),
    ("a piece invented",
     "INSERT INTO mapped_dispositions SELECT * REPLACE ('P9' AS piece_id) FROM mapped_dispositions WHERE piece_id = 'P5'",
     {"nothing_lost", "definitive_events_only"}),
    ("a piece decided on a parcel event, called definitive",
     "UPDATE rebound_returns SET event = 'PARCEL_AT_HUB' WHERE piece_id = 'P3'", {"definitive_events_only", "nothing_lost"}),
    ("a hub event in a lane in which only our own warehouse decides",
     "UPDATE rebound_returns SET lane = 'DTR' WHERE piece_id = 'P3'", {"definitive_events_only", "nothing_lost"}),
    ("an outcome nobody knows", "UPDATE mapped_dispositions SET outcome = 'maybe' WHERE piece_id = 'P5'", {"one_outcome"}),
    ("no outcome", "UPDATE mapped_dispositions SET outcome = NULL WHERE piece_id = 'P5'", {"one_outcome"}),
    ("a hold that says nothing", "UPDATE mapped_dispositions SET waits_for = NULL WHERE piece_id = 'P5'", {"outcomes_explained"}),
    ("a held piece paid out", "UPDATE mapped_dispositions SET outcome = 'refund', amount = 1, shipping_amount = 0 WHERE piece_id = 'P5'",
     {"ready_policy_allows"}),
    ("a wrong item paid out", READY.format("verification = 'WRONG_ITEM'"), {"ready_policy_allows"}),
    ("a disposition that decides nothing yet", READY.format("disposition = 'QUARANTINE'"), {"ready_policy_allows"}),
    ("a refund called no_refund", READY.format("outcome = 'no_refund'"), {"refundable_is_refunded", "no_refund_founded"}),
    ("every refund called no_refund", "UPDATE mapped_dispositions SET outcome = 'no_refund', rule = 'x' WHERE outcome = 'refund'",
     {"refundable_is_refunded", "no_refund_founded"}),
    ("every refund stopped for units nobody sent",
     "UPDATE mapped_dispositions SET outcome = 'exception', exception_class = 'logical', cause = 'over_quantity', todo = 'x', "
     "policy_outcome = 'exception' WHERE outcome = 'refund'", {"refundable_is_refunded"}),
    ("a piece said to be refunded in another marketplace, of which the ledger knows nothing",
     READY.format("outcome = 'exception', exception_class = 'logical', cause = 'refunded_in_other_marketplace', todo = 'x'"),
     {"refundable_is_refunded"}),
    ("a piece kept that a correction moved to another marketplace's order",
     "INSERT INTO rebound_returns SELECT * REPLACE ('albion' AS marketplace, 'ALB-1-A' AS order_id, 'k99' AS event_key, 99 AS document_id, "
     "event_time + INTERVAL 1 HOUR AS event_time) FROM rebound_returns WHERE piece_id = 'P3'", {"nothing_lost"}),
    ("a refund that waits for nothing", READY.format("outcome = 'hold', waits_for = 'x', policy_outcome = 'hold'"),
     {"refundable_is_refunded"}),
    ("a held piece called no_refund", "UPDATE mapped_dispositions SET outcome = 'no_refund' WHERE piece_id = 'P5'", {"no_refund_founded"}),
    ("a code of another reason", "UPDATE mapped_dispositions SET reason = 'GIFT' WHERE piece_id = 'P3'", {"ready_codes_translated"}),
]  # fmt: skip


# the same for shipping that goes back alone: 3.00 of line NOR-20-A-1, paid before, because P21 completes its order
TOP_UP = """UPDATE mapped_dispositions SET shipping_top_ups = replace(shipping_top_ups::VARCHAR, '{}', '{}') WHERE piece_id = 'P21'"""
TOP_UP_DAMAGES: list[tuple[str, str, set[str]]] = [
    ("a code that is not in the live list", TOP_UP.format('"17"', '"99"'), {"top_up_codes_live", "top_up_codes_translated"}),
    ("a live code that shops may not use", TOP_UP.format('"17"', '"14"'), {"top_up_codes_live", "top_up_codes_translated"}),
    ("a live code of another reason", TOP_UP.format('"17"', '"15"'), {"top_up_codes_translated"}),
    ("nothing", TOP_UP.format('3.0000', '0.0000'), {"top_up_positive"}),
    ("a cent too much", TOP_UP.format('3.0000', '3.0100'), {"ready_within_shipping"}),
    ("somebody refunded it meanwhile",
     "INSERT INTO mirakl_refunds (marketplace, day, order_id, order_line_id, refund_id, amount, shipping_amount) "
     "VALUES ('nordhaus', '2025-03-05', 'NOR-20-A', 'NOR-20-A-1', 'F2', 0, 0.01)", {"ready_within_shipping"}),
    ("twice",
     "UPDATE mapped_dispositions SET shipping_top_ups = (SELECT shipping_top_ups FROM mapped_dispositions WHERE piece_id = 'P21') "
     "WHERE piece_id = 'P3'", {"top_up_once", "ready_within_shipping", "top_up_line_of_order"}),
    ("on a line with a piece that brings its shipping already", TOP_UP.format('NOR-20-A-1', 'NOR-20-A-2'), {"ready_within_shipping"}),
    ("on another order's line", TOP_UP.format('NOR-20-A-1', 'NOR-3-A-1'), {"top_up_line_of_order"}),
    ("on a line that was not read", TOP_UP.format('NOR-20-A-1', 'NOR-9-A-1'),
     {"top_up_line_of_order", "ready_within_shipping"}),
    ("of an order of which nobody refunded a line",
     "INSERT INTO mirakl_order_lines BY NAME SELECT * REPLACE ('NOR-20-A-3' AS order_line_id, 'S3' AS offer_sku) FROM mirakl_order_lines "
     "WHERE order_line_id = 'NOR-20-A-1'", {"top_up_order_whole"}),
    ("of an order of which a unit is not back", "UPDATE mirakl_order_lines SET price = 40, quantity = 2 WHERE order_line_id = 'NOR-20-A-1'",
     {"top_up_order_whole"}),
]  # fmt: skip


def test_a_good_partition_passes_and_the_verdict_is_kept(world: World) -> None:
    findings = world.validate()
    assert {name: finding.sentence() for name, finding in findings.items() if not finding.passed} == {}
    assert findings["ready_codes_live"].evaluated == 3
    verdict = world.latest()
    assert verdict.passed
    assert verdict.mapping_version == MAPPINGS.version
    assert set(verdict.summary) == {e.name for e in SUITES if e.asset == MAPPED} | {"partition_gate"}
    assert world.ctx.ledger.exceptions.list(source="checks") == []


@pytest.mark.parametrize(("what", "damage", "seen_by"), DAMAGES, ids=[what for what, _, _ in DAMAGES])
def test_each_damage_is_seen(world: World, what: str, damage: str, seen_by: set[str]) -> None:
    world.sql(damage)
    findings = world.validate()
    red = {name for name, finding in findings.items() if not finding.passed}
    assert red == seen_by, {name: findings[name].sentence() for name in red ^ seen_by}
    assert not any(finding.broken for finding in findings.values())
    assert not world.latest().passed
    assert {e.subject.rsplit("/", 1)[1] for e in world.ctx.ledger.exceptions.list(source="checks")} == red


@pytest.mark.parametrize(("what", "damage", "seen_by"), TOP_UP_DAMAGES, ids=[what for what, _, _ in TOP_UP_DAMAGES])
def test_each_damage_to_shipping_refunded_alone_is_seen(completed: World, what: str, damage: str, seen_by: set[str]) -> None:
    completed.sql(damage)
    findings = completed.validate()
    red = {name for name, finding in findings.items() if not finding.passed}
    assert red == seen_by, {name: findings[name].sentence() for name in red ^ seen_by}
    assert not any(finding.broken for finding in findings.values())


def test_shipping_refunded_alone_passes_counts_in_the_total_and_is_judged_until_it_is_paid(completed: World) -> None:
    findings = completed.validate()
    assert {name: finding.sentence() for name, finding in findings.items() if not finding.passed} == {}
    assert findings["top_up_positive"].evaluated == 1
    money = "SELECT sum(amount + shipping_amount) + 3 FROM mapped_dispositions WHERE outcome = 'refund'"
    total: Decimal = completed.sql(money)[0][0]
    for limit, red in ((total, set[str]()), (total - Decimal("0.01"), {"refund_total"})):
        assert World(dataclasses.replace(completed.ctx, mappings=with_limits(max_refund_total=limit)), completed.key).red() == red
    completed.sql(TOP_UP.format('"paid":false', '"paid":true'))
    completed.sql(TOP_UP.format("3.0000", "9.0000"))
    assert completed.red() == set()


def test_every_check_of_the_table_is_proved_red_here() -> None:
    """A check that no damage turns red proves nothing; the limits have tests of their own below."""
    proved = set().union(*(seen_by for _, _, seen_by in DAMAGES + TOP_UP_DAMAGES)) | {"exception_share", "refund_total"}
    assert proved == {e.name for e in SUITES if e.asset == MAPPED}


def test_the_sample_names_the_row_and_the_value(world: World) -> None:
    world.sql(READY.format("refund_reason_code = '99'"))
    finding = world.validate()["ready_codes_live"]
    assert (finding.evaluated, finding.unexpected) == (3, 1)
    assert finding.percent == pytest.approx(100 / 3)
    assert finding.sample == [{"piece_id": "P3", "order_id": "NOR-2-A", "order_line_id": "NOR-2-A-1", "code": "99"}]


def test_a_paid_piece_is_not_judged_again(world: World) -> None:
    world.sql("UPDATE mapped_dispositions SET paid = TRUE, refund_reason_code = '99', amount = 999 WHERE piece_id = 'P3'")
    world.sql("UPDATE mirakl_order_lines SET line_state = 'REFUNDED' WHERE order_id = 'NOR-2-A'")
    assert world.red() == set()


def test_exceptions_of_a_check_close_by_themselves(world: World) -> None:
    world.sql(READY.format("currency = 'USD'"))
    world.validate()
    (opened,) = world.ctx.ledger.exceptions.list(source="checks")
    assert (opened.exception_class, opened.cause, opened.marketplace, opened.day) == ("logical", "check_failed", "nordhaus", DAY)
    assert "1 of 3 rows" in opened.detail
    world.validate()
    assert [e.count for e in world.ctx.ledger.exceptions.list(source="checks")] == [2]
    world.map()
    world.validate()
    assert world.ctx.ledger.exceptions.list(source="checks") == []


def with_limits(**limits: Any) -> Any:
    shop = MAPPINGS.marketplaces["nordhaus"]
    changed = shop.model_copy(update={"limits": shop.limits.model_copy(update=limits)})
    return MAPPINGS.model_copy(update={"marketplaces": {**MAPPINGS.marketplaces, "nordhaus": changed}})


def test_money_above_the_limit_closes_the_gate_to_the_cent(world: World) -> None:
    total: Decimal = world.sql("SELECT sum(amount + shipping_amount) FROM mapped_dispositions WHERE outcome = 'refund'")[0][0]
    assert total > 27
    for limit, red in ((total, set[str]()), (total - Decimal("0.01"), {"refund_total"})):
        limited = World(dataclasses.replace(world.ctx, mappings=with_limits(max_refund_total=limit)), world.key)
        assert limited.red() == red


@pytest.mark.parametrize(
    ("share", "smallest", "red"),
    [("0.25", 4, set()), ("0.24", 4, {"exception_share"}), ("0", 5, set())],
    ids=["at the limit", "above it", "too few pieces to judge"],
)
def test_too_many_exceptions_close_the_gate(tmp_path: Path, share: str, smallest: int, red: set[str]) -> None:
    limits = with_limits(max_exception_share=Decimal(share), min_pieces_for_share=smallest)
    with new_world(tmp_path, mappings=limits) as world:
        world.good()
        world.sql("UPDATE rebound_returns SET reason = 'UNKNOWN', problem = 'unknown_reason:Zu groß' WHERE piece_id = 'P3'")
        world.map()
        assert world.red() == red | {"codes_validate"}


def test_gate_rows_holds_the_bad_row_back_and_lets_the_others_go(world: World) -> None:
    world.sql("UPDATE rebound_returns SET reason = 'UNKNOWN', problem = 'unknown_reason:Zu groß' WHERE piece_id = 'P3'")
    world.map()
    findings = world.validate()
    assert {name for name, finding in findings.items() if not finding.passed} == {"codes_validate"}
    assert findings["codes_validate"].severity == "warning"
    assert [row["piece_id"] for row in findings["codes_validate"].sample] == ["P3"]
    assert findings["partition_gate"].passed
    assert world.latest().passed


@pytest.mark.parametrize(
    ("damage", "shown_by"),
    [
        ("UPDATE rebound_returns SET reason = 'UNKNOWN', problem = 'unknown_reason:x' WHERE piece_id = 'P3'", "codes_validate"),
        ("DELETE FROM mirakl_reference WHERE code = 'ITEM_RETURNED'", "codes_validate"),
        ("UPDATE mirakl_order_lines SET line_state = 'CLOSED' WHERE order_id = 'ALB-2-A'", "states_validate"),
    ],
    ids=["unknown reason", "withdrawn reason", "closed line"],
)
def test_gate_partition_closes_for_the_same_rows(albion: World, damage: str, shown_by: str) -> None:
    assert albion.red() == set()
    albion.sql(damage)
    albion.map()
    findings = albion.validate()
    assert {name for name, finding in findings.items() if not finding.passed} == {shown_by, "partition_gate"}
    assert findings[shown_by].severity == "critical"
    assert findings["partition_gate"].sample[0]["check"] == shown_by
    assert not albion.latest().passed


def test_gate_partition_stays_open_for_a_line_that_only_waits(albion: World) -> None:
    albion.sql("UPDATE mirakl_order_lines SET line_state = 'SHIPPING' WHERE order_id = 'ALB-2-A'")
    albion.map()
    assert albion.red() == set()


def test_rows_of_other_causes_are_not_the_partition_gate_s_matter(albion: World) -> None:
    albion.event("P6", "ALB-2-A")  # a second unit of a line that sold one: over_quantity
    albion.map()
    assert albion.sql("SELECT cause FROM mapped_dispositions WHERE piece_id = 'P6'") == [("over_quantity",)]
    assert albion.red() == set()


def test_refusals_that_the_line_explains_pass(tmp_path: Path) -> None:
    with new_world(tmp_path) as world:
        world.good()
        world.event("P6", "NOR-2-A")  # one unit too many
        world.event("P7", world.order(6, price="0.00"))  # nothing paid
        world.event("P8", world.order(7))  # refunded by somebody else
        world.event("P9", world.order(8), grade="D", verification="WRONG_ITEM")
        world.insert("mirakl_refunds", marketplace=world.key, day=DAY, order_id="NOR-7-A", order_line_id="NOR-7-A-1", refund_id="F1",
                     amount=Decimal("10.00"), shipping_amount=Decimal(0), quantity=1)  # fmt: skip
        world.event("P10", world.order(9), problem="piece_id_unclear:P10")
        world.event("P11", world.order(10, cancelled_amount=Decimal("10.00")), quantity=1)
        world.sql("UPDATE mirakl_order_lines SET price = 10 WHERE order_id = 'NOR-10-A'")  # half of the money cancelled, not of the units
        world.map()
        assert world.sql("SELECT count(*) FROM mapped_dispositions WHERE outcome = 'refund'") == [(3,)]
        findings = world.validate()
        assert {name for name, finding in findings.items() if not finding.passed} == set()
        assert findings["refundable_is_refunded"].evaluated >= 4, "P5, P6, P7 and P9 at least are judged"


def test_a_piece_may_wait_for_the_answer_to_another_of_its_line(world: World) -> None:
    world.sql("UPDATE mapped_dispositions SET outcome = 'hold', waits_for = 'x' WHERE piece_id = 'P2'")
    assert world.red() == {"refundable_is_refunded"}
    world.sql("UPDATE mapped_dispositions SET paid = TRUE WHERE piece_id = 'P1'")
    assert world.red() == set()


def test_an_empty_partition_passes_without_great_expectations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(*_: Any) -> Any:
        raise AssertionError("Great Expectations was asked about nothing")

    monkeypatch.setattr("returns_assets.quality.runner._judge", judge)
    with new_world(tmp_path) as world:
        assert world.red() == set()
        assert world.latest().passed


def test_the_verdict_is_about_the_rows_it_saw(world: World) -> None:
    world.validate()
    before = world.latest().slice_hash
    world.map()
    world.validate()
    assert world.latest().slice_hash == before, "deciding the same again is the same content"
    world.sql(READY.format("amount = 1.00"))
    world.validate()
    assert world.latest().slice_hash != before


def test_a_broken_check_closes_the_gate_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_: Any) -> dict[str, Any]:
        return {"column": "no_such_column", "value_set": ["x"]}

    broken = [dataclasses.replace(e, arguments=damaged) if e.name == "ready_codes_live" else e for e in gate.suite(MAPPED)]
    monkeypatch.setattr(gate, "suite", lambda _: tuple(broken))
    finding = world.validate()["ready_codes_live"]
    assert not finding.passed
    assert "no_such_column" in finding.broken
    assert finding.sentence().startswith("broken check, says nothing about the data")
    assert finding.unexpected == 0
    assert not world.latest().passed
    (opened,) = world.ctx.ledger.exceptions.list(source="checks")
    assert (opened.exception_class, opened.cause) == ("technical", "check_broken")
