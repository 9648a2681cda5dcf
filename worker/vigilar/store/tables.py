"""The tables. Every time is kept as whole microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return `moment` (timezone-aware) as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the UTC moment of `micros` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


class UtcMicros(TypeDecorator[datetime]):
    """A timezone-aware moment as an integer: exact, sortable, the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what is stored."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return what was stored."""
        return None if value is None else from_micros(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

cameras = Table(
    "cameras",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("name", Text, nullable=False),
    Column("configured", Boolean, nullable=False),
    Column("first_seen", UtcMicros, nullable=False),
    Column("last_motion", UtcMicros),
)

clips = Table(
    "clips",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("camera", String(48), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("start", UtcMicros, nullable=False),
    Column("end", UtcMicros, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("path", Text, nullable=False, unique=True),
    Column("file_id", String(64), nullable=False),
    Column("video_codec", String(16), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("audio_codec", String(16)),
    Column("first_moving", UtcMicros),
    Column("recovered", Boolean, nullable=False),
    Column("starred", Boolean, nullable=False),
    # Who asked for the deletion that has begun: the row outlives the file, so that a crash between the two is
    # finished at the next start instead of being taken for a loss.
    Column("deleting", Text),
    Index(None, "start", "id"),
    Index(None, "camera", "start", "id"),
    Index(None, "kind", "start", "id"),
)

events = Table(
    "events",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("type", String(32), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("camera", String(48), nullable=False),
    Column("start", UtcMicros, nullable=False),
    Column("end", UtcMicros),
    Column("clip_id", String(80)),
    Column("zones", Text, nullable=False),
    Column("score", Float),
    Column("detail", Text, nullable=False),
    Column("acknowledged", UtcMicros),
    # The newest moment it was known to last: its end, should who saw it die before saying so.
    Column("last_seen", UtcMicros, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("boot_id", String(36), nullable=False),
    Column("monotonic_ns", BigInteger, nullable=False),
    Index(None, "start", "id"),
    Index(None, "camera", "start", "id"),
    Index(None, "clip_id"),
    Index(None, "end", "type"),
)

event_clips = Table(
    "event_clips",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("clip_id", String(80), primary_key=True),
    Index(None, "clip_id"),
)

system_events = Table(
    "system_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("component", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("at", UtcMicros, nullable=False),
    Column("message", Text, nullable=False),
    Column("boot_id", String(36), nullable=False),
    Column("monotonic_ns", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("topic", String(32), nullable=False),
    Column("dedupe_key", String(128), nullable=False, unique=True),
    Column("payload", LargeBinary, nullable=False),
    Column("created", UtcMicros, nullable=False),
    Column("published", UtcMicros),
    Index(None, "published", "seq"),
)

coverage_gaps = Table(
    "coverage_gaps",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("camera", String(48), nullable=False),
    Column("start", UtcMicros, nullable=False),
    Column("end", UtcMicros, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    # Of the start; with the camera this is what the gap is known by.
    Column("boot_id", String(36), nullable=False),
    Column("monotonic_ns", BigInteger, nullable=False),
    # Of the end: another boot's where the machine was started anew in between.
    Column("end_boot_id", String(36), nullable=False),
    Index("ix_coverage_gaps_natural", "camera", "boot_id", "monotonic_ns", unique=True),
    Index(None, "start", "id"),
    Index(None, "camera", "start", "id"),
    Index(None, "end"),
)

# Per camera, how far the account goes: the heartbeat.
coverage_marks = Table(
    "coverage_marks",
    metadata,
    Column("camera", String(48), primary_key=True),
    # Whether it was meant to be watched, and since when.
    Column("watched", Boolean, nullable=False),
    Column("since", UtcMicros, nullable=False),
    Column("since_boot_id", String(36), nullable=False),
    Column("since_ns", BigInteger, nullable=False),
    # Up to here nothing is missing that is not among the gaps.
    Column("covered", UtcMicros, nullable=False),
    Column("boot_id", String(36), nullable=False),
    Column("monotonic_ns", BigInteger, nullable=False),
)
