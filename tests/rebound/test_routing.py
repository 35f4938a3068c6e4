"""Order id to marketplace."""

import pytest

from returns_assets.rebound.routing import Router

ROUTER = Router({"nordhaus": ["NOR-"], "outlet": ["NOR-OUT-", "X-"], "twin": ["X-"], "albion": ["ALB-"]})


@pytest.mark.parametrize(
    ("order_id", "marketplace"),
    [
        ("NOR-1-A", "nordhaus"),
        ("NOR-OUT-1", "outlet"),  # the longest prefix, whatever the order in the file
        ("ALB-1", "albion"),
        ("X-1", None),  # two marketplaces claim it: nobody guesses
        ("nor-1", None),
        ("1-NOR-", None),
        ("", None),
        (None, None),
    ],
)
def test_the_longest_prefix_routes_and_nothing_else(order_id: str | None, marketplace: str | None):
    assert ROUTER.marketplace(order_id) == marketplace
    assert ROUTER.marketplace(order_id) == marketplace
