"""STO01's file: taken out of the multipart body, read as CSV, judged line by line.

An offer is taken or refused as a whole: the published report lists all lines of an offer that has one in error, ready to be sent again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from email.message import Message
from itertools import groupby
from typing import Any

from returns_assets.sandbox.config import MarketplaceConfig
from returns_assets.sandbox.exchange import Refusal
from returns_assets.sandbox.offer_book import OfferBook

COLUMNS = ("offer-sku", "quantity", "warehouse-code", "update-delete")
REPORT = ("line-number", "error-reason", *COLUMNS)
_WHOLE = re.compile(r"[0-9]{1,9}")
_TOGETHER = "Lines of the same offer must be together"
Row = list[Any]  # line number in the file, then the four columns


def uploaded(content_type: str, body: bytes) -> bytes:
    """The part named `file`. Refusal 415 when the body is not multipart (a CSV posted raw), 400 when there is no such part."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise Refusal(415, "Unsupported Media Type")
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        names = Message()
        for line in head.decode("utf-8", "replace").split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip():
                names[name.strip()] = value.strip()
        if names.get_param("name", header="content-disposition") == "file":
            return content
    raise Refusal(400, "The part 'file' is missing")


def rows(content: bytes) -> list[Row] | None:
    """The file's lines by their number in the file (the header is line 1); None when it cannot be read: no UTF-8, or a column is missing.

    Further columns are passed over, so that an error report can be sent again once its values are right.
    """
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True)
        header = next(reader, None)
        if header is None or not set(COLUMNS) <= set(header):
            return None
        places = [header.index(name) for name in COLUMNS]
        found: list[Row] = []
        for cells in reader:
            if cells:
                found.append([reader.line_num, *(cells[place].strip() if place < len(cells) else "" for place in places)])
        return found
    except (UnicodeDecodeError, csv.Error):
        return None


def offers(all_rows: list[Row]) -> Iterator[tuple[str, list[Row], bool]]:
    """The lines of each offer, and whether they all stand together."""
    seen: set[str] = set()
    for sku, group in groupby(all_rows, key=lambda row: row[1]):
        yield sku, list(group), sku not in seen
        seen.add(sku)


def faults(sku: str, group: list[Row], together: bool, book: OfferBook, config: MarketplaceConfig) -> dict[int, str]:
    """What is wrong with an offer's lines, by line number."""
    offer = book.of(sku)
    found: dict[int, str] = {}
    codes: set[str] = set()
    for number, _, quantity, code, action in group:
        if offer is None:
            found[number] = f"Offer with sku '{sku}' does not exist"
        elif not together:
            found[number] = _TOGETHER
        elif action.lower() not in ("", "update", "delete"):
            found[number] = f"update-delete '{action}' is not valid"
        elif not _WHOLE.fullmatch(quantity) and not (action.lower() == "delete" and not quantity):
            found[number] = f"Quantity '{quantity}' is not a whole number of at least 0"
        elif code and code not in config.warehouses:
            found[number] = f"Warehouse with code '{code}' does not exist"
        elif not code and offer.warehouses and config.warehouse_line_required:
            found[number] = "The offer has warehouses: warehouse-code is required"
        elif code in codes or (codes and "" in (codes | {code})):
            found[number] = "The offer's quantity is given twice"
        codes.add(code)
    return found


def report(errors: list[list[Any]], all_rows: list[Row]) -> bytes:
    """STO03: line number, reason, then the columns as they were sent."""
    by_number = {row[0]: row for row in all_rows}
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(REPORT)
    for number, reason in errors:
        writer.writerow([number, reason, *by_number[number][1:]])
    return text.getvalue().encode()
