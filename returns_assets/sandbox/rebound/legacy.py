"""The legacy "Intelligent Returns" API (G1) as third parties were seen to use it (reference, 1.7): a form with a JSON text in `request`.

Errors come in the body of a 200. Of the error codes only `empty` was ever seen; the others are made up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Json
from returns_assets.sandbox.rebound.chronicle import Chronicle
from returns_assets.sandbox.rebound.facts import ReturnFacts, fold
from returns_assets.sandbox.rebound.legacy_shape import Dates, legacy_return, legacy_tracking
from returns_assets.sandbox.rebound.request import Request
from returns_assets.sandbox.rebound.return_book import ReturnBook
from returns_assets.sandbox.state import State
from returns_assets.sandbox.world_plan import plain_id


class Fault(Exception):
    """`code` is what the caller reads."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Legacy:
    def __init__(self, state: State, book: ReturnBook, chronicle: Chronicle) -> None:
        self._state, self._book, self._chronicle = state, book, chronicle

    def perform(self, operation: str, request: Request) -> Answer:
        acts = {
            "LEGACY-SEARCH": self._search,
            "LEGACY-RETURN": self._return,
            "LEGACY-TRACKING": self._tracking,
            "LEGACY-ORDERS": self._orders,
        }
        try:
            return Answer.json({"success": acts[operation](self._asked(request))})
        except Fault as fault:
            return Answer.json({"error": {"code": fault.code, "message": fault.message}})

    def _asked(self, request: Request) -> Json:
        form, account = request.form(), self._book.account
        if (form.get("login"), form.get("api_key")) != (account.legacy_login, account.legacy_api_key):
            raise Fault("login", "Login or API key is wrong")
        try:
            value: Any = wire.loads(form.get("request", ""))
        except ValueError:
            raise Fault("request", "The field request is no JSON") from None
        if not isinstance(value, dict):
            raise Fault("request", "The field request is no JSON object")
        return cast(Json, value)

    @staticmethod
    def _part(asked: Json, name: str) -> Json:
        part: Any = asked.get(name)
        if not isinstance(part, dict):
            raise Fault("request", f"{name} is missing")
        return cast(Json, part)

    @property
    def _dates(self) -> Dates:
        return Dates(self._book.account.legacy_dates)

    def _days(self, asked: Json) -> tuple[datetime, datetime]:
        """Both days are included: [first moment, moment after the last)."""
        given, dates = self._part(asked, "filter"), self._dates
        if "date_from" not in given:
            raise Fault("request", "filter.date_from is missing")
        try:
            start = dates.day(given["date_from"])
            end = dates.day(given["date_to"]) if given.get("date_to") else self._book.now()
        except ValueError:
            raise Fault("date", f"A date must look like {self._book.account.legacy_dates}") from None
        return start, end.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def _search(self, asked: Json) -> Json:
        start, end = self._days(asked)
        now, by_change = self._book.now(), self._book.account.legacy_search == "changed"
        changes = self._chronicle.last(now) if by_change else self._chronicle.first(now).values()
        return self._ids([change.return_id for change in changes if start <= change.at < end])

    @staticmethod
    def _ids(found: list[str]) -> Json:
        if not found:
            raise Fault("empty", "Nothing was found")
        return {"id": found}

    def _facts(self, return_id: str) -> ReturnFacts:
        facts = fold(self._chronicle.of_return(return_id, self._book.now()))
        if facts is None:
            raise Fault("not_found", f"There is no {return_id}")
        return facts

    def _return(self, asked: Json) -> Json:
        wanted = self._part(asked, "return")
        if wanted.get("type", "id") != "id":
            raise Fault("request", "return.type must be id")
        return_id = plain_id(str(wanted.get("id", "")))
        facts, order = self._facts(return_id), self._book.returns.get(return_id)
        return legacy_return(return_id, facts, order, self._customer(facts.order_id), self._book.account.carrier, self._dates)

    def _customer(self, order_id: str) -> Json:
        for place in self._state.marketplaces.values():
            record = place.orders.get(order_id)
            if record is not None:
                return record.order().get("customer") or {}
        return {}

    def _tracking(self, asked: Json) -> Json:
        code = str(self._part(asked, "tracking").get("code", ""))
        facts = self._facts(self._chronicle.of_parcel(code) or code)
        parcel = next((each for each in facts.parcels if each.tracking_number == code), facts.parcels[0])
        return legacy_tracking(facts, parcel, self._book.account.carrier, self._dates)

    def _orders(self, asked: Json) -> Json:
        """Orders that were pushed in these days; callers were seen to try their credentials with it."""
        start, end = self._days(asked)
        pushed = [entry for entry in self._state.rebound_orders if entry["status"] < 400]
        return self._ids(list(dict.fromkeys(e["order"]["clientOrderId"] for e in pushed if start <= wire.moment(e["receivedAt"]) < end)))
