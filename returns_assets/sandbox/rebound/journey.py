"""The further way of a return that was made here, step by step by an admin; push, files and polls tell it like the world's returns."""

from __future__ import annotations

from returns_assets.sandbox import documents, wire
from returns_assets.sandbox.documents import Case, Inspection, Piece
from returns_assets.sandbox.exchange import Json
from returns_assets.sandbox.rebound.chronicle import Chronicle
from returns_assets.sandbox.rebound.facts import fold
from returns_assets.sandbox.rebound.return_book import ReturnBook, ReturnOrder
from returns_assets.sandbox.world import World
from returns_assets.sandbox.world_plan import plain_id

REGISTERED, GRADED, INSTANT = "registered", "graded", "instant"


class Journey:
    def __init__(self, book: ReturnBook, chronicle: Chronicle, world: World) -> None:
        self._book, self._chronicle, self._world = book, chronicle, world

    def step(self, given: Json) -> Json:
        """{reboundOrderId, event, location?, pieces?: [ids]}: a status word of a parcel, or registered, instant, graded.

        `graded` takes verification (MATCH), grade, disposition, refundAdvice and the case's status (PROCESSING), for all `pieces` alike.
        """
        order = self._book.returns.get(plain_id(given["reboundOrderId"]))
        if order is None:
            raise ValueError(f"{given['reboundOrderId']} is no return that was made here; the others go their planned way")
        now, event = self._book.now(), given["event"]
        case = self._book.case(order, given.get("location") or self._book.account.location)
        chosen = self._pieces(case, given.get("pieces"))
        if event == GRADED:
            self._world.tell(now, documents.SNAPSHOTS, self._found(order, case, chosen, given))
        elif event in (REGISTERED, INSTANT):
            channel = documents.REFUND_REGISTERED if event == REGISTERED else documents.REFUND_INSTANT
            self._world.tell(now, channel, documents.refund_trigger(case, chosen))
        else:
            self._world.tell(now, documents.TRACKING, documents.tracking_update(case, event, now, chosen))
        order.happened(now, event)
        self._book.save(order)
        return {"reboundOrderId": order.return_id, "event": event, "at": wire.iso(now), "pieces": [piece.item_id for piece in chosen]}

    @staticmethod
    def _pieces(case: Case, wanted: list[str] | None) -> list[Piece]:
        if wanted is None:
            return list(case.pieces)
        chosen = [piece for piece in case.pieces if plain_id(piece.item_id) in {plain_id(each) for each in wanted}]
        if len(chosen) != len(wanted):
            raise ValueError(f"pieces of this return: {', '.join(piece.item_id for piece in case.pieces)}")
        return chosen

    def _found(self, order: ReturnOrder, case: Case, chosen: list[Piece], given: Json) -> Json:
        """The snapshot of the next version, with what this inspection found."""
        now = self._book.now()
        facts = fold(self._chronicle.of_return(order.return_id, now))
        version = 1 if facts is None else facts.snapshot.get("version", 0) + 1
        found = [
            Inspection(
                piece, given.get("verification", "MATCH"), given.get("grade"), given.get("disposition"), given.get("refundAdvice"), now
            )
            for piece in chosen
        ]  # fmt: skip
        return documents.return_snapshot(
            case, found, version=version, updated_at=now, registered_at=wire.moment(order.created_at),
            status=given.get("status", "PROCESSING"),
        )  # fmt: skip
