"""The operator's lists as rows."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from returns_assets.mirakl.errors import MiraklUnreadableError
from returns_assets.mirakl.reference import Entry, entries, refund_reasons, table
from tests.mirakl.stub import LISTS, REASONS


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_reasons_keep_their_type_and_right() -> None:
    found = entries("RE01", body({"reasons": [*REASONS, {"code": "X"}, {"label": "no code"}]}))
    assert [(e.list, e.code, e.attributes["is_shop_right"]) for e in found] == [
        ("refund_reason", "14", False),
        ("refund_reason", "17", True),
        ("refund_reason", "15", True),
        ("cancelation_reason", "34", True),
        ("unknown_reason", "X", False),
    ]


def test_only_refund_reasons_for_shops_may_be_used() -> None:
    assert refund_reasons(body({"reasons": REASONS})) == {"17", "15"}


def test_platform_configuration_is_flat_and_the_account_is_not_personal() -> None:
    platform = {e.code: e.value for e in entries("PC01", body(LISTS["/platform/configuration"]))}
    assert platform["features.order_tax_mode"] == "TAX_INCLUDED"
    assert platform["features.shipment.multi_shipment"] == "false"
    assert platform["languages"] == '["fr", "de"]'
    account = {e.code: e.value for e in entries("A01", body(LISTS["/account"]))}
    assert account["payable_balance"] == "1234.5"
    assert account["shop_state"] == "OPEN"
    assert "Secretname" not in str(account)


def test_lists_without_the_expected_field_are_empty() -> None:
    for operation in ("RE01", "OR75", "CUR01"):
        assert entries(operation, b'{"something": 1}') == []
    with pytest.raises(MiraklUnreadableError):
        entries("RE01", b"[]")


def test_rows_are_unique_by_list_and_code() -> None:
    now = datetime(2025, 3, 1, tzinfo=UTC)
    made = table(
        "nordhaus", date(2025, 3, 1), [(Entry("tax", "VAT", "a"), now), (Entry("tax", "VAT", "b"), now), (Entry("currency", "EUR"), now)]
    )
    assert [(row["list"], row["code"], row["label"]) for row in made.to_pylist()] == [("tax", "VAT", "a"), ("currency", "EUR", None)]
