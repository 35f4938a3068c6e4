"""The payloads on the wire: exactly the documented fields, strings everywhere, ids with valid check digits."""

import json
from datetime import UTC, datetime

import pytest

from returns_assets.sandbox import documents
from returns_assets.sandbox.documents import Case, Inspection, Piece

AT = datetime(2025, 3, 9, 10, 15, 0, 123456, UTC)
KNOWN = Piece("(00)900000000000000016", "NOR-1-A-1", "S1", "4006381333931", "Too large", "1", "Shirt", "25.99", "EUR")
STRANGER = Piece("(00)900000000000000023", None, None, "4006381333931", None)
CASE = Case("(00)300000000000000018", "NOR-1-A", "ZZ1", "DE_DPD_Duisburg", pieces=(KNOWN, STRANGER), shop_id="2001", rma="RMA-1")


def scalars(value: object) -> list[object]:
    if isinstance(value, dict):
        return [scalar for each in value.values() for scalar in scalars(each)]
    if isinstance(value, list):
        return [scalar for each in value for scalar in scalars(each)]
    return [value]


def test_check_digits_are_those_of_published_examples() -> None:
    assert documents.check_digit("400638133393") == "1"  # EAN 4006381333931
    assert documents.sscc(3, 4012345123456789)[4:] == "340123451234567895"  # GS1's own example of an SSCC


def test_an_sscc_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="16 digits"):
        documents.sscc(3, 10**16)


def test_tracking_update_has_its_items_beside_the_order() -> None:
    payload = documents.tracking_update(CASE, "postalIncoming", AT)
    assert list(payload) == ["order", "items"]
    assert payload["order"] == {
        "clientOrderId": "NOR-1-A",
        "reboundOrderId": "(00)300000000000000018",
        "location": "DE_DPD_Duisburg",
        "trackingNumber": "ZZ1",
        "statusDescription": "postalIncoming",
        "timestamp": "2025-03-09T10:15:00.123456Z",
    }
    assert set(payload["items"][0]) == {
        "reboundItemId",
        "clientItemId",
        "ean",
        "sku",
        "reasonCode",
        "articleDescription",
        "commercialValue",
        "commercialValueCurrency",
        "quantity",
    }


def test_refund_trigger_has_its_items_inside_the_order_and_tells_neither_time_nor_kind() -> None:
    payload = documents.refund_trigger(CASE)
    assert list(payload) == ["order"]
    assert set(payload["order"]) == {"reboundOrderId", "clientOrderId", "location", "items"}
    assert payload["order"]["items"][0] == {
        "reboundItemId": "(00)900000000000000016",
        "clientItemId": "NOR-1-A-1",
        "ean": "4006381333931",
        "sku": "S1",
        "reasonCode": "Too large",
        "quantity": "1",
    }


def test_what_rebound_does_not_know_is_not_available() -> None:
    item = documents.refund_trigger(CASE)["order"]["items"][1]
    assert {name for name, value in item.items() if value == "Not available"} == {"clientItemId", "sku", "reasonCode"}


@pytest.mark.parametrize("payload", [documents.tracking_update(CASE, "delivered", AT), documents.refund_trigger(CASE)])
def test_notifications_hold_strings_only(payload: dict[str, object]) -> None:
    assert {type(scalar) for scalar in scalars(payload)} == {str}


def test_snapshot_leaves_out_what_was_not_found_and_closes_with_its_status() -> None:
    found = [Inspection(KNOWN, "MATCH", "A", "RESTOCK", inspected_at=AT), Inspection(STRANGER, "UNEXPECTED_EXTRA")]
    payload = documents.return_snapshot(CASE, found, version=2, updated_at=AT, registered_at=AT, status="COMPLETED")
    assert payload["closedAt"] == "2025-03-09T10:15:00Z"
    assert payload["version"] == 2
    assert set(payload["receivedItems"][0]) >= {"grade", "disposition", "verification", "inspectedAt"}
    assert not set(payload["receivedItems"][1]) & {"grade", "disposition", "inspectedAt"}
    assert "reasonCode" not in payload["receivedItems"][0]
    assert [item["reasonCode"] for item in payload["announcedItems"]] == ["Too large", "Not available"]
    assert documents.return_snapshot(CASE, [], version=1, updated_at=AT, registered_at=AT)["closedAt"] is None


def test_reserialised_is_the_same_content_in_other_bytes() -> None:
    body = documents.render(
        documents.refund_trigger(Case("(00)1", "NOR-1-A", "Z", "H", pieces=(Piece("(00)2", None, None, None, "Zu groß"),)))
    )
    again = documents.reserialised(body)
    assert again != body
    assert json.loads(again) == json.loads(body)
    assert "Zu groß".encode() in body
