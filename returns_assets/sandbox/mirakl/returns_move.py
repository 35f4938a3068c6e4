"""RT21, RT25, RT26, RT27, RT29: a return goes from state to state. Nothing here moves money (reference, fact 2)."""

from __future__ import annotations

from collections.abc import Callable

from returns_assets.sandbox import wire
from returns_assets.sandbox.exchange import Answer, Call, Json
from returns_assets.sandbox.mirakl import return_request as request
from returns_assets.sandbox.mirakl.return_life import entry_for
from returns_assets.sandbox.mirakl.return_request import ItemError
from returns_assets.sandbox.return_book import ReturnEntry

MOST = 100
# What one entry asks for: given the return it is about, the fields to write into it. ItemError refuses the entry.
Change = Callable[[ReturnEntry], Json]


def _only_id(entry: ReturnEntry) -> Json:
    return {"id": entry.content["id"]}


def each(call: Call, operation: str, read: Callable[[Json, str], Change], answer: Callable[[ReturnEntry], Json] = _only_id) -> Answer:
    """Read all entries (a bad one refuses the call), then carry them out one by one; those refused are return_errors[] {id, message}."""
    entries = request.entries(call.json().get("returns"), "returns", MOST)
    changes = [(request.text(entry, "id", f"returns[{n}]"), read(entry, f"returns[{n}]")) for n, entry in enumerate(entries)]
    at, moved, errors = wire.iso(call.state.clock.now()), list[ReturnEntry](), list[Json]()
    for return_id, change in changes:
        try:
            entry = entry_for(call.place, return_id, operation)
            entry.changed(at, operation, **change(entry))
        except ItemError as error:
            errors.append({"id": return_id, "message": str(error)})
        else:
            moved.append(entry)
    call.state.save_returns(call.place.config.key, *moved)
    return Answer.json({"return_errors": errors, "return_success": [answer(entry) for entry in moved]})


def rt21(call: Call) -> Answer:
    """PUT /api/returns/accept. A refusal needs a RETURN_REJECTION reason of RE01."""

    def read(given: Json, where: str) -> Change:
        accepted = request.flag(given, "accepted", where)
        code = request.optional_text(given, "rejection_reason_code", where)

        def change(entry: ReturnEntry) -> Json:
            if accepted:
                return {"state": "IN_PROGRESS"}
            if code is None:
                raise ItemError("The rejection reason code is required")
            request.known_reason(code, "RETURN_REJECTION", call.place.config)
            return {"state": "REFUSED", "rejection_reason_code": code}

        return change

    return each(call, "RT21", read)


def _assessment(given: Json, where: str) -> Json:
    compliant = request.flag(given, "compliant", where)
    code = request.optional_text(given, "non_compliance_reason_code", where)
    info = request.optional_text(given, "non_compliance_additional_info", where, most=2000)
    return {
        "compliant": compliant,
        "non_compliance_reason_code": None if compliant else code,
        "non_compliance_additional_info": None if compliant else info,
    }


def rt26(call: Call) -> Answer:
    """PUT /api/returns/compliance: one verdict per order line of the return, and one for each of them."""

    def read(given: Json, where: str) -> Change:
        verdicts: dict[str, Json] = {}
        twice: list[str] = []
        for n, line in enumerate(request.entries(given.get("return_lines"), f"{where}.return_lines", 200)):
            at = f"{where}.return_lines[{n}]"
            line_id = request.text(line, "order_line_id", at)
            if line_id in verdicts:
                twice.append(line_id)
            verdicts[line_id] = _assessment(line, at)

        def change(entry: ReturnEntry) -> Json:
            lines: list[Json] = entry.content["return_lines"]
            known = [line["order_line_id"] for line in lines]
            stray = [*twice, *(line_id for line_id in verdicts if line_id not in known)]
            if stray:
                raise ItemError(f"Compliance is specified twice, or on order lines that are not in the return: {', '.join(stray)}")
            missing = [line_id for line_id in known if line_id not in verdicts]
            if missing:
                raise ItemError(f"Compliance not specified on the following order lines: {', '.join(missing)}")
            for line_id, verdict in verdicts.items():
                if not verdict["compliant"]:
                    if verdict["non_compliance_reason_code"] is None:
                        raise ItemError(f"The non compliance reason code of the order line {line_id} is required")
                    request.known_reason(verdict["non_compliance_reason_code"], "RETURN_NON_COMPLIANT", call.place.config)
            return {"return_lines": [{**line, "compliance": [verdicts[line["order_line_id"]]]} for line in lines]}

        return change

    return each(call, "RT26", read)


def _to(state: str) -> Callable[[Json, str], Change]:
    return lambda given, where: lambda entry: {"state": state}


def rt25(call: Call) -> Answer:
    """PUT /api/returns/receive."""
    return each(call, "RT25", _to("RECEIVED"))


def rt27(call: Call) -> Answer:
    """PUT /api/returns/close."""
    return each(call, "RT27", _to("CLOSED"))


def rt29(call: Call) -> Answer:
    """PUT /api/returns/cancel."""
    return each(call, "RT29", _to("CANCELED"))
