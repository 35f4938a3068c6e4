"""STO01, STO02, STO03: a stock file is sent exactly once, its import is asked for, its error report is read (reference, 6.1)."""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from returns_assets.mirakl.client import MiraklClient, parse
from returns_assets.mirakl.errors import MiraklPermanentError, MiraklUnreadableError
from returns_assets.mirakl.stock_facts import sku_key
from returns_assets.wire.answers import Verdict, WriteAnswer, answer_of_failure, answer_of_refusal

IMPORTS = "/offers/stock/imports"
HEADER = ("offer-sku", "quantity", "warehouse-code", "update-delete")


class StockLine(NamedTuple):
    """One line of the file: the offer's quantity, or one of its warehouses', as it is to be."""

    sku: str
    quantity: int
    warehouse: str | None
    action: str = "update"


@dataclass(frozen=True)
class Import:
    """How an import stands. `errors`: `sku_key` -> what Mirakl says against the offer's lines. `succeeded`: lines, where it counts them."""

    status: str
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    unexplained: bool = False  # lines in error, and no report that names them all
    succeeded: int | None = None

    @property
    def under_way(self) -> bool:
        return self.status not in ("COMPLETE", "FAILED")

    def accounts_for(self, skus: Collection[str]) -> bool:
        """Whether it is complete and, by what it says of them, every line of a file of these SKUs was done or is named in the report."""
        lines = sum(sku_key(sku) not in self.errors for sku in skus)
        return self.status == "COMPLETE" and not self.unexplained and (self.succeeded is None or self.succeeded >= lines)


def stock_file(lines: Sequence[StockLine]) -> bytes:
    """CSV in the published form. Lines of one offer must stand together."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(HEADER)
    for line in sorted(lines):
        writer.writerow([line.sku, line.quantity, line.warehouse or "", line.action])
    return text.getvalue().encode()


def send_stock(client: MiraklClient, lines: Sequence[StockLine]) -> WriteAnswer:
    """STO01, once. ACCEPTED with the import's id; never raises for what the network or Mirakl does."""
    try:
        response = client.post_file(IMPORTS, "stock.csv", stock_file(lines))
    except httpx.HTTPError as error:
        return answer_of_failure(error)
    if not 200 <= response.status_code < 300:
        return answer_of_refusal(response)
    try:
        import_id = json.loads(response.content)["import_id"]
    except (ValueError, KeyError, TypeError):
        import_id = None
    if import_id is None:
        return WriteAnswer(Verdict.UNKNOWN, status=response.status_code, message="the answer names no import")
    return WriteAnswer(Verdict.ACCEPTED, str(import_id), status=response.status_code)


def read_import(client: MiraklClient, import_id: str) -> Import | None:
    """STO02 and, where there is a report, STO03. None when Mirakl does not know the import. Raises MiraklError.

    A report that is refused, no report, or cannot be read in part is `unexplained`: it stays so, and what the lines came to is read from
    the offers.
    """
    path = f"{IMPORTS}/{quote(import_id, safe='')}"
    try:
        answer = parse("STO02", client.get("STO02", f"{path}/status").content)
    except MiraklPermanentError as error:
        if error.status == 404:
            return None
        raise
    status: Any = answer.get("status")
    if not isinstance(status, str):
        raise MiraklUnreadableError("STO02: the answer has no status")
    succeeded, wrong = (_count(answer.get(name)) for name in ("lines_in_success", "lines_in_error"))
    if status == "COMPLETE" and answer.get("has_error_report"):
        try:
            errors, readable, rows = _errors(client.get("STO03", f"{path}/error_report", json_body=False).content)
        except (MiraklPermanentError, MiraklUnreadableError):
            return Import(status, unexplained=True, succeeded=succeeded)
        return Import(status, errors, unexplained=not readable or readable < max(rows, wrong or 0), succeeded=succeeded)
    return Import(status, unexplained=bool(wrong), succeeded=succeeded)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _errors(report: bytes) -> tuple[dict[str, str], int, int]:
    """What is said against which SKU, the rows that say so, and all rows. Column 1 is the line number, column 2 the reason, then come the
    columns as they were sent."""
    found: dict[str, str] = {}
    try:
        rows = list(csv.reader(io.StringIO(report.decode("utf-8-sig"), newline=""), delimiter=";"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MiraklUnreadableError("STO03: the report is not CSV") from error
    told = [cells for cells in rows[1:] if cells]
    readable = [cells for cells in told if len(cells) > 2]
    for cells in readable:
        found.setdefault(sku_key(cells[2]), cells[1])
    return found, len(readable), len(told)
