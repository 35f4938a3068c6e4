"""Nothing is authorised twice at ReBound: what it has of the order is looked at before the request, and again where the answer was lost."""

from dataclasses import fields, replace
from typing import Any

import pytest

from returns_assets.decisions.request_case import Seen
from returns_assets.ledger.records import Effect
from returns_assets.mirakl.seen import Asked, SeenReturn, SoldLine
from returns_assets.rebound.return_orders import AnnouncedItem, ReturnOrder
from returns_assets.steps.request_links import waits_for_label
from returns_assets.steps.request_order import registered_meanwhile, traced
from returns_assets.wire.fresh_read import Trace
from tests.authorise.world import AuthoriseWorld

LINES = {f"O-A-{n}": SoldLine("O-A", "O", f"O-A-{n}", f"S{n}", "SHIPPED", 2) for n in (1, 2)}


def effect(**given: Any) -> Effect:
    request = {"announcedItems": [{"clientItemId": "O-A-1", "quantity": "1"}]}
    return Effect(**{each.name: None for each in fields(Effect)} | {"order_id": "O-A", "subject": "M1", "request": request} | given)


def made(*items: AnnouncedItem, names: str | None = None, cancelled: bool = False, return_id: str = "B1") -> ReturnOrder:
    return ReturnOrder(return_id, frozenset({names} if names else ()), None, cancelled, False, None, None, None, items=items)


def mirakl(return_id: str, line: str = "O-A-1") -> SeenReturn:
    return SeenReturn(return_id, "O-A", "O", "IN_PROGRESS", rma=f"RMA-OF-{return_id}", lines=(Asked(line, 1),))


@pytest.mark.parametrize(
    ("order", "stops"),
    [
        (made(("O-A-1", None, 1)), True),
        (made((None, "s1", 1)), True),
        (made(), True),
        (made(("elsewhere", None, 1)), True),
        (made(("O-A-1", None, 1), names="no return of Mirakl's"), True),
        (made(("O-A-2", None, 1)), False),
        (made(("O-A-1", None, 1), cancelled=True), False),
        (made(("O-A-1", None, 1), names="M1"), False),
        (made(("O-A-1", None, 1), names="M2"), False),
        (made(("O-A-1", None, 1), return_id="RMA-OF-M2"), False),
        (made(("O-A-1", None, 1), return_id="RMA-OF-M1"), True),
        (made(("O-A-1", None, 1), return_id="RMA-OF-M3"), True),
    ],
)
def test_what_rebound_has_of_the_lines_is_waited_for_unless_mirakl_has_it_too(order: ReturnOrder, stops: bool) -> None:
    seen = Seen(LINES, {one.id: one for one in (mirakl("M1"), mirakl("M2"), mirakl("M3", "O-A-2"))})
    found = registered_meanwhile(effect(), [order], seen)
    assert (found is not None) == stops
    assert found is None or (found.cause, found.passing) == ("registered_meanwhile", True)


def test_a_return_that_was_made_and_then_cancelled_was_made() -> None:
    gone, living = made(names="M1", cancelled=True), made(names="M1", return_id="B2")
    assert traced(effect(), [gone]) == traced(effect(), [gone, made(names="M2")])
    assert (traced(effect(), [gone]).trace, traced(effect(), [gone]).external_id) == (Trace.EXECUTED, "B1")
    assert traced(effect(), [gone, living]).external_id == "B2"
    assert traced(effect(), [made(cancelled=True)]).trace is Trace.NOT_EXECUTED
    assert traced(effect(), [made()]).trace is Trace.AMBIGUOUS


@pytest.mark.parametrize(
    ("origin", "waits_for", "labelled", "tracking", "waits"),
    [
        ("marketplace", None, False, None, True),
        ("marketplace", None, False, "TRACK-1", True),
        ("marketplace", None, True, "TRACK-1", False),
        ("marketplace", None, True, None, False),
        ("rebound", "label", False, None, True),
        ("rebound", "label", False, "TRACK-1", False),
        ("rebound", "label", True, None, False),
        ("rebound", None, False, None, False),
    ],
)
def test_mirakl_is_told_once_the_label_is_there_however_early_its_tracking_number_is(
    origin: str, waits_for: str | None, labelled: bool, tracking: str | None, waits: bool
) -> None:
    order = replace(made(names="M1"), labelled=labelled, tracking_number=tracking)
    assert waits_for_label({"origin": origin, "waits_for": waits_for}, order) == waits


def test_a_return_that_rebound_registers_between_plan_and_push_is_not_authorised_a_second_time(world: AuthoriseWorld) -> None:
    world.order("SHIPPED", 2)
    asked = world.ask()
    world.plan()
    return_id = world.at_rebound()  # by the consumer, in ReBound's portal
    world.push()
    assert (world.posts(), len(world.authorised())) == (1, 1)
    assert world.exceptions() == {"registered_meanwhile": "logical"}
    world.run()
    assert (world.history(asked), world.posts(), world.exceptions()) == (["RT21", "RT04"], 1, {})
    assert world.rows("return_request_pushes", "DISTINCT return_id") == [(return_id,)]


def test_a_lost_return_that_was_cancelled_at_rebound_is_a_persons_and_not_made_again(world: AuthoriseWorld) -> None:
    world.order()
    world.ask(accepted=True)
    world.server.fault("RETURN-CREATE", "cut_after", times=1)
    world.run()
    [lost] = world.authorised()
    world.account.rest.post(f"/return-orders/{lost['reboundOrderId'].removeprefix('(00)')}/cancel", json={}).raise_for_status()
    world.advance(100)
    world.run()
    assert (world.posts(), len(world.authorised())) == (1, 1)
    assert (world.steps(), world.exceptions()) == ({"order": "confirmed"}, {"cancelled_at_rebound": "logical"})
