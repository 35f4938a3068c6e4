"""The canonical words of a return: events with their ranks, and the values of each axis. No reading of payloads here.

The rank orders events that carry the same time; a lower rank that arrives late fills history and moves nothing backwards.
"""

RETURN_REGISTERED, LABEL_ISSUED = "RETURN_REGISTERED", "LABEL_ISSUED"
PARCEL_IN_NETWORK, PARCEL_AT_HUB = "PARCEL_IN_NETWORK", "PARCEL_AT_HUB"
PARCEL_FORWARDED, PARCEL_DELIVERED = "PARCEL_FORWARDED", "PARCEL_DELIVERED"
REFUND_ADVICE = "REFUND_ADVICE"  # ReBound's Instant Refund trigger: nobody has opened the parcel
ITEM_REGISTERED, ITEM_GRADED, ITEM_DISPOSITIONED = "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED"
ITEM_INSPECTED = "ITEM_INSPECTED"  # by the retailer's own warehouse
PUTAWAY_COMPLETED = "PUTAWAY_COMPLETED"
RETURN_CLOSED, RETURN_CANCELLED = "RETURN_CLOSED", "RETURN_CANCELLED"
UNKNOWN = "UNKNOWN"  # a value that no map names: kept, visible, never guessed at

EVENT_RANKS: dict[str, int] = {
    UNKNOWN: 0,
    RETURN_REGISTERED: 10,
    LABEL_ISSUED: 15,
    PARCEL_IN_NETWORK: 20,
    REFUND_ADVICE: 25,
    PARCEL_AT_HUB: 30,
    PARCEL_FORWARDED: 35,
    PARCEL_DELIVERED: 40,
    ITEM_REGISTERED: 50,
    ITEM_GRADED: 60,
    ITEM_DISPOSITIONED: 65,
    ITEM_INSPECTED: 66,
    PUTAWAY_COMPLETED: 70,
    RETURN_CLOSED: 80,
    RETURN_CANCELLED: 81,
}

# What a tracking update may say. It names announced pieces, so an item event read from one would pay for goods nobody has seen.
PARCEL_EVENTS = frozenset(
    {
        RETURN_REGISTERED,
        LABEL_ISSUED,
        PARCEL_IN_NETWORK,
        PARCEL_AT_HUB,
        PARCEL_FORWARDED,
        PARCEL_DELIVERED,
        RETURN_CLOSED,
        RETURN_CANCELLED,
    }
)

TRACKING_UPDATE, RETURN_SNAPSHOT = "tracking_update", "return_snapshot"
LEGACY_RETURN = "legacy_return"  # the whole return as the legacy API shows it now; no ids of pieces or lines in it
REFUND_INSTANT, REFUND_REGISTERED = "refund_instant", "refund_registered"
# A Refund Trigger says nothing about itself: which of the two kinds it is, only its channel tells.
TRIGGER_EVENTS: dict[str, str] = {REFUND_INSTANT: REFUND_ADVICE, REFUND_REGISTERED: ITEM_REGISTERED}
# Documents about items that somebody had in hand; the others name what was announced, and nothing announced is unexpected.
ITEM_KINDS = frozenset({REFUND_REGISTERED, RETURN_SNAPSHOT})

UNEXPECTED_EXTRA, MISSING = "UNEXPECTED_EXTRA", "MISSING"
UNGRADED, NO_DISPOSITION = "U", "NONE"
REFUND_ADVICES = frozenset({"REFUND", "REFUND_PARTIAL", "HOLD", "REFUSE", "NONE"})
