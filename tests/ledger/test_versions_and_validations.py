"""Mapping versions never change; the latest verdict on a partition is the one that counts."""

from decimal import Decimal

import pytest

from returns_assets.ledger.database import Ledger
from tests.ledger.samples import DAY, NEXT_DAY, NOW


def test_a_version_is_stored_once(ledger: Ledger) -> None:
    content = {"limits": {"share": Decimal("0.50")}, "reasons": [{"code": "17", "weight": 0.5}]}
    assert ledger.mapping_versions.store("a" * 64, content, now=NOW)
    assert not ledger.mapping_versions.store("a" * 64, content)
    assert ledger.mapping_versions.get("a" * 64) == {
        "limits": {"share": Decimal("0.5")},
        "reasons": [{"code": "17", "weight": Decimal("0.5")}],
    }
    assert [(v.version, v.first_seen) for v in ledger.mapping_versions.list()] == [("a" * 64, NOW)]
    assert ledger.mapping_versions.get("b") is None


def test_a_version_with_another_content_is_refused(ledger: Ledger) -> None:
    ledger.mapping_versions.store("v", {"a": 1})
    with pytest.raises(ValueError, match="another content"):
        ledger.mapping_versions.store("v", {"a": 2})
    assert ledger.mapping_versions.get("v") == {"a": 1}


def test_the_latest_verdict_counts(ledger: Ledger) -> None:
    assert ledger.validations.latest("mapped", "nordhaus", DAY) is None
    first = ledger.validations.record("mapped", "nordhaus", DAY, "h1", "v1", False, "run1", {"failed": ["amounts"]}, now=NOW)
    second = ledger.validations.record("mapped", "nordhaus", DAY, "h2", "v1", True, "run2", {}, now=NOW)
    ledger.validations.record("mapped", "nordhaus", NEXT_DAY, "h3", "v1", False, "run3", {})
    ledger.validations.record("mapped", "albion", DAY, "h4", "v1", False, "run4", {})
    ledger.validations.record("other", "nordhaus", DAY, "h5", "v1", False, "run5", {})
    latest = ledger.validations.latest("mapped", "nordhaus", DAY)
    assert latest is not None
    assert (latest.id, latest.passed, latest.slice_hash, latest.run_id, latest.recorded_at) == (second, True, "h2", "run2", NOW)
    earlier = ledger.validations.get(first)
    assert earlier is not None
    assert (earlier.passed, earlier.summary) == (False, {"failed": ["amounts"]})
    assert ledger.validations.get(999) is None
