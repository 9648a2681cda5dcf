"""The coverage ledger: gaps, and how far each camera's account goes.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "coverage_gaps",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("camera", sa.String(48), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.String(36), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_boot_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_coverage_gaps"),
    )
    natural = ["camera", "boot_id", "monotonic_ns"]
    op.create_index("ix_coverage_gaps_natural", "coverage_gaps", natural, unique=True)
    op.create_index("ix_coverage_gaps_start_id", "coverage_gaps", ["start", "id"])
    op.create_index("ix_coverage_gaps_camera_start_id", "coverage_gaps", ["camera", "start", "id"])
    op.create_index("ix_coverage_gaps_end", "coverage_gaps", ["end"])
    op.create_table(
        "coverage_marks",
        sa.Column("camera", sa.String(48), nullable=False),
        sa.Column("watched", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("since_boot_id", sa.String(36), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("covered", sa.BigInteger(), nullable=False),
        sa.Column("boot_id", sa.String(36), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("camera", name="pk_coverage_marks"),
    )
