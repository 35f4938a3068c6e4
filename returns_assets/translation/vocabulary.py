"""The canonical words of the mapping tables: every value that a field with a fixed list of values may have."""

from typing import Literal

CanonicalEvent = Literal[
    "RETURN_REGISTERED", "LABEL_ISSUED", "PARCEL_IN_NETWORK", "REFUND_ADVICE", "PARCEL_AT_HUB", "PARCEL_FORWARDED", "PARCEL_DELIVERED",
    "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED", "RETURN_CLOSED", "RETURN_CANCELLED",
]  # fmt: skip
# Registering a return or printing a label proves nothing, and a closed case says nothing about a piece: no policy may refund on them (R1).
DecidingEvent = Literal[
    "PARCEL_IN_NETWORK", "REFUND_ADVICE", "PARCEL_AT_HUB", "PARCEL_DELIVERED",
    "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED",
]  # fmt: skip
# What proves that goods are back: on an announcement or a postal scan no return may be shown as received.
ReceivingEvent = Literal[
    "PARCEL_AT_HUB", "PARCEL_FORWARDED", "PARCEL_DELIVERED",
    "ITEM_REGISTERED", "ITEM_GRADED", "ITEM_DISPOSITIONED", "ITEM_INSPECTED", "PUTAWAY_COMPLETED",
]  # fmt: skip
ReturnStep = Literal["received", "compliance", "closed", "cancelled"]
ReturnState = Literal["WAITING_ACCEPTANCE", "IN_PROGRESS", "REFUSED", "RECEIVED", "NO_RECEPTION", "CLOSED", "CANCELED"]
Lane = Literal["HUB", "DTR", "RLIB"]
LineState = Literal[
    "STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING", "SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED",
    "REFUSED", "CANCELED", "INCIDENT_OPEN", "REFUNDED",
]  # fmt: skip
TaxMode = Literal["TAX_INCLUDED", "TAX_EXCLUDED"]
Disposition = Literal[
    "RESTOCK", "REFURBISH", "QUARANTINE", "RETURN_TO_VENDOR", "SECONDARY_SALE", "DONATE", "RECYCLE", "DESTROY", "RETURN_TO_CONSUMER",
    "NONE",
]  # fmt: skip
Verification = Literal["MATCH", "MISSING", "WRONG_ITEM", "UNEXPECTED_EXTRA", "OVER_QUANTITY", "EMPTY_PARCEL", "UNIDENTIFIABLE"]
Grade = Literal["A", "B", "C", "D", "U"]
ExceptionClass = Literal["technical", "mapping", "logical", "policy"]
