"""The ledger's tables as the code sees them. The schema itself is made by the migrations; a test holds the two together.

What must not happen twice is a constraint here: one document for the same bytes, one row for an effect's key, one effect of a kind for a
piece (whatever the marketplace: ReBound's piece ids are global), one effect in flight for an order line, one effect for a refund id.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from returns_assets.ledger.types import ExactDecimal, JsonText, UtcDateTime

metadata = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only for a column declared INTEGER

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),  # the sequence: grows in the order of the commits
    Column("received_at", UtcDateTime, nullable=False),
    Column("day", Date, nullable=False),
    Column("channel", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("channel", "sha256", name="uq_inbox_channel_sha256"),
    Index("ix_inbox_day", "day"),
    sqlite_autoincrement=True,
)

effects = Table(
    "effects",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("marketplace", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("request", JsonText, nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("shipping_amount", ExactDecimal, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text),
    Column("attempts", Integer, nullable=False),
    Column("known_ids", JsonText, nullable=False),
    Column("external_id", Text),
    Column("validation_id", Id),
    Column("mapping_version", Text, nullable=False),
    Column("foreign_ids", JsonText, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("claim_token", Text),
    Column("claimed_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("next_at", UtcDateTime),
    Column("settle_at", UtcDateTime),
    Column("confirmed_at", UtcDateTime),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("inflight", Text),  # kind:marketplace:subject while nobody knows whether it was executed, else NULL
    UniqueConstraint("key", name="uq_effects_key"),
    UniqueConstraint("inflight", name="uq_effects_inflight"),
    CheckConstraint(
        "(state IN ('claimed', 'unknown') AND inflight IS NOT NULL AND claim_token IS NOT NULL) OR state = 'held' "
        "OR (state IN ('planned', 'confirmed', 'rejected', 'retry_at', 'withdrawn') AND inflight IS NULL)",
        name="ck_effects_inflight",
    ),
    CheckConstraint("kind <> 'refund' OR state <> 'confirmed' OR external_id IS NOT NULL", name="ck_effects_confirmed_refund"),
    # a Mirakl refund id proves one effect only; other kinds may share an id (one stock file carries many)
    Index(
        "uq_effects_refund_id",
        "marketplace",
        "external_id",
        unique=True,
        sqlite_where=text("kind = 'refund'"),
        postgresql_where=text("kind = 'refund'"),
    ),
    Index("ix_effects_due", "kind", "marketplace", "state"),
    Index("ix_effects_partition", "marketplace", "day", "kind"),
    Index("ix_effects_subject", "marketplace", "subject"),
    Index("ix_effects_order", "order_id"),
    sqlite_autoincrement=True,
)

effect_pieces = Table(
    "effect_pieces",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("piece_id", Text, primary_key=True),
    Column("effect_id", Id, ForeignKey("effects.id", name="fk_effect_pieces_effect"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_from", Integer, nullable=False),
    Index("ix_effect_pieces_effect", "effect_id"),
)

effect_transitions = Table(
    "effect_transitions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("effect_id", Id, ForeignKey("effects.id", name="fk_effect_transitions_effect"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("detail", JsonText, nullable=False),
    Index("ix_effect_transitions_effect", "effect_id"),
)

exceptions = Table(
    "exceptions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("scope", Text, nullable=False),  # canonical JSON: which slice of the source the row belongs to
    Column("key", Text, nullable=False),
    Column("exception_class", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("marketplace", Text),
    Column("day", Date),
    Column("subject_kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("todo", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime),
    Column("resolved_by", Text),
    Column("note", Text),
    UniqueConstraint("source", "scope", "key", name="uq_exceptions_source_scope_key"),
    CheckConstraint("exception_class IN ('technical', 'mapping', 'logical', 'policy')", name="ck_exceptions_class"),
    CheckConstraint("state IN ('open', 'resolved')", name="ck_exceptions_state"),
    Index("ix_exceptions_state", "state", "marketplace", "day"),
)

exception_history = Table(
    "exception_history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("exception_id", Id, ForeignKey("exceptions.id", name="fk_exception_history_exception"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("event", Text, nullable=False),  # opened, reopened, resolved
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_exception_history_exception", "exception_id"),
)

validations = Table(
    "validations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("asset", Text, nullable=False),
    Column("marketplace", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("slice_hash", Text, nullable=False),
    Column("mapping_version", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("summary", JsonText, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("ix_validations_partition", "asset", "marketplace", "day"),
    sqlite_autoincrement=True,
)

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("version", Text, primary_key=True),
    Column("content", JsonText, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
)

poll_positions = Table(
    "poll_positions",
    metadata,
    Column("poll", Text, primary_key=True),
    Column("cursor", Text),
    Column("watermark", Text),
    Column("finished_at", UtcDateTime),
)
