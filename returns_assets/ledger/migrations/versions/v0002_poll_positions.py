"""Where the polls of ReBound stand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime().with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "poll_positions",
        sa.Column("poll", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text),
        sa.Column("watermark", sa.Text),
        sa.Column("finished_at", TIME),
    )


def downgrade() -> None:
    op.drop_table("poll_positions")
