"""What a person does about a dispatch that Mirakl does not know of yet: one sentence a cause. The causes of an operator's refusal are in
refusals.csv.
"""

NOTICE_TODOS: dict[str, str] = {
    "order_unknown": "compare the order id in the warehouse's file with Mirakl; ask the warehouse for a corrected line if it is wrong",
    "order_cancelled": "the goods left for a cancelled order: stop the parcel or settle it with the operator",
    "order_state_unknown": "see the order in Mirakl: its state is not one that a dispatch follows",
    "line_unknown": "compare order line and SKU in the warehouse's file with the order; a SKU on several lines needs the line's id",
    "quantity_missing": "ask the warehouse for the quantity that left",
    "quantity_beyond_order": "more left than was sold: ask the warehouse what was in the parcels",
    "parcel_changed_after_telling": (
        "the warehouse's rows of this parcel changed after Mirakl was told of it: tell Mirakl of the rest by hand, "
        "or ask the warehouse for a corrected row if it did not leave in this parcel"
    ),
    "carrier_missing": "ask the warehouse which carrier took the parcel",
    "carrier_not_mapped": "add the carrier to carriers.csv (returns mappings check --live proposes codes), then run the partition again",
    "free_carrier_not_allowed": "the operator takes registered carriers only: map the carrier to a code in carriers.csv",
    "carrier_not_live": "the operator has no such code (any more): correct carriers.csv (returns mappings check --live shows the list)",
    "tracking_missing": "ask the warehouse for the tracking number: without it the operator refuses the dispatch",
    "not_shipped_by_shop": "see the order in Mirakl: it is not the shop's to ship",
}
# Effects that wait, beside the causes that all kinds share (act_report.py): cause -> (class, what to do)
PUSH_CAUSES: dict[str, tuple[str, str]] = {
    "order_unknown": ("logical", "look for the order in Mirakl: it is not visible to this key"),
    "order_not_ready": ("logical", "nothing: it is tried again once the order waits for its dispatch"),
    "already_shipped": ("logical", "nothing: somebody shipped it in Mirakl; the next run of the partition sees it as done"),
    "order_cancelled": ("logical", NOTICE_TODOS["order_cancelled"]),
    "tracking_not_set": ("logical", "nothing: the order is shipped as soon as its tracking is set; see the tracking effect of the order"),
    "tracking_changed": (
        "logical",
        "somebody changed the tracking in Mirakl after it was set: set it right there and run the partition again, or ship the order there",
    ),
    "shipment_unknown": ("logical", "the prepared shipment is gone: run the partition again"),
    "ambiguous_outcome": (
        "logical",
        "find out in Mirakl which shipment is ours, then decide the effect (returns effects); it is never resent",
    ),
}
