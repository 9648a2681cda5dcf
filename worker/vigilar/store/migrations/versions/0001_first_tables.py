"""The first tables: cameras, clips, events, system events, outbox.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _cameras_and_clips()
    _events()
    _logs()


def _cameras_and_clips() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", sa.String(48), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_motion", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_cameras"),
    )
    op.create_table(
        "clips",
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("camera", sa.String(48), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("file_id", sa.String(64), nullable=False),
        sa.Column("video_codec", sa.String(16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("audio_codec", sa.String(16)),
        sa.Column("first_moving", sa.BigInteger()),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("deleting", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_clips"),
        sa.UniqueConstraint("path", name="uq_clips_path"),
    )
    op.create_index("ix_clips_start_id", "clips", ["start", "id"])
    op.create_index("ix_clips_camera_start_id", "clips", ["camera", "start", "id"])
    op.create_index("ix_clips_kind_start_id", "clips", ["kind", "start", "id"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("camera", sa.String(48), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger()),
        sa.Column("clip_id", sa.String(80)),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("acknowledged", sa.BigInteger()),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.String(36), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_start_id", "events", ["start", "id"])
    op.create_index("ix_events_camera_start_id", "events", ["camera", "start", "id"])
    op.create_index("ix_events_clip_id", "events", ["clip_id"])
    op.create_index("ix_events_end_type", "events", ["end", "type"])
    op.create_table(
        "event_clips",
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("clip_id", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "clip_id", name="pk_event_clips"),
    )
    op.create_index("ix_event_clips_clip_id", "event_clips", ["clip_id"])


def _logs() -> None:
    op.create_table(
        "system_events",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.String(36), nullable=False),
        sa.Column("monotonic_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_system_events"),
        sa.UniqueConstraint("id", name="uq_system_events_id"),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("topic", sa.String(32), nullable=False),
        sa.Column("dedupe_key", sa.String(128), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger()),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("dedupe_key", name="uq_outbox_dedupe_key"),
    )
    op.create_index("ix_outbox_published_seq", "outbox", ["published", "seq"])
