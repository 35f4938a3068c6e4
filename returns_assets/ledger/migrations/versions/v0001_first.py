"""The first schema: inbox, effects with their pieces and transitions, exceptions, validations, mapping versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.DateTime().with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("channel", "sha256", name="uq_inbox_channel_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_day", "inbox", ["day"])

    op.create_table(
        "effects",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("amount", sa.Text, nullable=False),
        sa.Column("shipping_amount", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("known_ids", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("validation_id", ID),
        sa.Column("mapping_version", sa.Text, nullable=False),
        sa.Column("foreign_ids", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("claim_token", sa.Text),
        sa.Column("claimed_at", TIME),
        sa.Column("lease_until", TIME),
        sa.Column("next_at", TIME),
        sa.Column("settle_at", TIME),
        sa.Column("confirmed_at", TIME),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("inflight", sa.Text),
        sa.UniqueConstraint("key", name="uq_effects_key"),
        sa.UniqueConstraint("inflight", name="uq_effects_inflight"),
        sa.CheckConstraint(
            "(state IN ('claimed', 'unknown') AND inflight IS NOT NULL AND claim_token IS NOT NULL) OR state = 'held' "
            "OR (state IN ('planned', 'confirmed', 'rejected', 'retry_at', 'withdrawn') AND inflight IS NULL)",
            name="ck_effects_inflight",
        ),
        sa.CheckConstraint("kind <> 'refund' OR state <> 'confirmed' OR external_id IS NOT NULL", name="ck_effects_confirmed_refund"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_effects_refund_id",
        "effects",
        ["marketplace", "external_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'refund'"),
        postgresql_where=sa.text("kind = 'refund'"),
    )
    op.create_index("ix_effects_due", "effects", ["kind", "marketplace", "state"])
    op.create_index("ix_effects_partition", "effects", ["marketplace", "day", "kind"])
    op.create_index("ix_effects_subject", "effects", ["marketplace", "subject"])
    op.create_index("ix_effects_order", "effects", ["order_id"])

    op.create_table(
        "effect_pieces",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("piece_id", sa.Text, primary_key=True),
        sa.Column("effect_id", ID, sa.ForeignKey("effects.id", name="fk_effect_pieces_effect"), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_from", sa.Integer, nullable=False),
    )
    op.create_index("ix_effect_pieces_effect", "effect_pieces", ["effect_id"])

    op.create_table(
        "effect_transitions",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("effect_id", ID, sa.ForeignKey("effects.id", name="fk_effect_transitions_effect"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_effect_transitions_effect", "effect_transitions", ["effect_id"])

    op.create_table(
        "exceptions",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("exception_class", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("marketplace", sa.Text),
        sa.Column("day", sa.Date),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("todo", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.Column("resolved_at", TIME),
        sa.Column("resolved_by", sa.Text),
        sa.Column("note", sa.Text),
        sa.UniqueConstraint("source", "scope", "key", name="uq_exceptions_source_scope_key"),
        sa.CheckConstraint("exception_class IN ('technical', 'mapping', 'logical', 'policy')", name="ck_exceptions_class"),
        sa.CheckConstraint("state IN ('open', 'resolved')", name="ck_exceptions_state"),
    )
    op.create_index("ix_exceptions_state", "exceptions", ["state", "marketplace", "day"])

    op.create_table(
        "exception_history",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("exception_id", ID, sa.ForeignKey("exceptions.id", name="fk_exception_history_exception"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_exception_history_exception", "exception_history", ["exception_id"])

    op.create_table(
        "validations",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("slice_hash", sa.Text, nullable=False),
        sa.Column("mapping_version", sa.Text, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("recorded_at", TIME, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_validations_partition", "validations", ["asset", "marketplace", "day"])

    op.create_table(
        "mapping_versions",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
    )


def downgrade() -> None:
    tables = (
        "effect_transitions",
        "effect_pieces",
        "effects",
        "exception_history",
        "exceptions",
        "validations",
        "mapping_versions",
        "inbox",
    )
    for table in tables:
        op.drop_table(table)
