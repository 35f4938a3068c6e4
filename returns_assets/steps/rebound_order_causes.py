"""What a cause of the sales orders means: its class where it is an exception, and what a person does, one sentence each. The causes of
ReBound's refusals are in refusals.csv.
"""

from returns_assets.steps.push_exceptions import Causes

# of rebound_orders
ORDER_CAUSES: Causes = {
    "already_pushed": ("technical", "nothing: ReBound knows the order"),
    "not_shipped": ("technical", "nothing: the order is told once all of it left; its change brings it into a later day"),
    "moved_to_later_day": ("technical", "nothing: the later day's partition decides"),
    "order_cancelled": ("technical", "nothing: nothing of it left"),
    "fully_refunded": ("technical", "nothing: nothing is left to return"),
    "window_passed": ("policy", "nothing, or a longer rebound_orders.window_days in marketplaces.yaml"),
    "country_without_lane": ("policy", "nothing, or add the country to rebound_orders.countries once ReBound takes returns from it"),
    "country_unknown": ("logical", "nothing: without a country there is no lane"),
    "order_changed": (
        "logical",
        "have ReBound change the order to what rebound_orders shows, then resolve with a note",
    ),
    "order_state_unknown": ("logical", "see the order in Mirakl: its state is none that a sales order follows"),
    "line_incomplete": ("logical", "see the order in Mirakl: a line without SKU or units cannot be recognised in a parcel"),
}
# of its effects, beside the causes that all kinds share
PUSH_CAUSES: Causes = {
    **ORDER_CAUSES,
    "order_not_found": ("logical", "look for the order in Mirakl: it is not visible to this key"),
    "content_changed": ("technical", "nothing: the next run of the order's latest day plans it anew"),
    "ambiguous_outcome": (
        "logical",
        "look at ReBound whether it has the order, then decide the effect (returns effects decide): it is never sent again by itself",
    ),
    "access_denied": ("technical", "check the credentials and the flow key with ReBound (block api of rebound.yaml)"),
    "unreachable": ("technical", "check that ReBound's address is right and reachable; it is tried again"),
}
