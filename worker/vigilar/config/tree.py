"""The whole configuration as it stands in `vigilar.yaml`."""

from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from vigilar.config.cameras import CameraConfig, ConditionConfig, MotionConfig, RecordingConfig, Slug
from vigilar.config.retention import RetentionConfig
from vigilar.config.section import Section

_ZONE: Final = r"^[A-Za-z][0-9A-Za-z_+\-]{0,31}(/[0-9A-Za-z_+\-]{1,31}){0,2}$"

type FolderName = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class StorageConfig(Section):
    """Where things are kept. Relative paths start at the configuration file's folder."""

    path: FolderName = Field(
        "vigilar-data", description="The folder for recordings and the database", examples=["/srv/vigilar"]
    )
    keys: FolderName | None = Field(
        None,
        description="The folder of the keys (default: keys below path); another disk keeps them apart",
        examples=["/etc/vigilar/keys"],
    )
    data: FolderName | None = Field(
        None, description="The folder of the database (default: path)", examples=["/var/lib/vigilar"]
    )
    run: FolderName | None = Field(
        None,
        description="A short path for sockets (default: the service's runtime folder, else run below path)",
        examples=["/run/vigilar"],
    )


class ApiConfig(Section):
    """The HTTP and WebSocket listener."""

    enabled: StrictBool = Field(True, description="Whether the worker listens at all (true or false)")
    host: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.:\-]{1,253}$")] = Field(
        "127.0.0.1",
        description="The address to listen on, 127.0.0.1 for this machine only",
        examples=["127.0.0.1"],
    )
    port: int = Field(
        8555, strict=True, ge=1, le=65535, description="A port from 1 to 65535", examples=[8555]
    )


class DatabaseConfig(Section):
    """The node-local database."""

    url: Annotated[str, StringConstraints(pattern=r"^sqlite:///.+$")] | None = Field(
        None,
        description="sqlite:/// and a path (default: vigilar.db in the data folder)",
        examples=["sqlite:////var/lib/vigilar/vigilar.db"],
    )


class BackupConfig(Section):
    """The nightly backup of database, configuration and keys; recordings are not in it."""

    enabled: StrictBool = Field(True, description="Whether a backup is made every night (true or false)")
    path: FolderName | None = Field(
        None,
        description="The folder of the backups (default: backups in the data folder); another disk is better",
        examples=["/mnt/nas/vigilar"],
    )
    keep: int = Field(
        7, strict=True, ge=1, le=365, description="How many are kept, from 1 to 365", examples=[7]
    )
    hour: int = Field(
        3, strict=True, ge=0, le=23, description="The hour at which it is made, local time", examples=[3]
    )


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks: for people or for programs."""

    TEXT = "text"
    JSON = "json"


class LoggingConfig(Section):
    """The log, written to standard error."""

    level: LogLevel = Field(LogLevel.INFO, description="How much is logged: debug, info, warning or error")
    format: LogFormat = Field(LogFormat.TEXT, description="How a line looks: text or json")


def _known_zone(name: str) -> str:
    """Refuse a name this system knows no time zone by."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise ValueError("this system knows no such time zone") from err
    return name


class VigilarConfig(Section):
    """`vigilar.yaml`."""

    cameras: dict[Slug, CameraConfig] = Field(
        min_length=1,
        max_length=64,
        description="One entry per camera, named by lower-case letters, digits and underscores (at most 48)",
        examples=["front_door"],
    )
    recording: RecordingConfig = Field(RecordingConfig(), description="What is kept, for every camera")
    motion: MotionConfig = Field(MotionConfig(), description="How movement is judged, for every camera")
    condition: ConditionConfig = Field(
        ConditionConfig(), description="What is told of the cameras' condition, for every camera"
    )
    storage: StorageConfig = Field(StorageConfig(), description="Where things are kept")
    retention: RetentionConfig = Field(
        RetentionConfig(), description="How much is kept, and for how long, before the oldest is given up"
    )
    api: ApiConfig = Field(ApiConfig(), description="The HTTP and WebSocket listener")
    database: DatabaseConfig = Field(DatabaseConfig(), description="The database")
    logging: LoggingConfig = Field(LoggingConfig(), description="The log")
    time_zone: Annotated[str, StringConstraints(pattern=_ZONE), AfterValidator(_known_zone)] | None = Field(
        None,
        description='Whose midnight ends "today" (default: the system\'s time zone)',
        examples=["Europe/Vienna"],
    )
    backup: BackupConfig = Field(BackupConfig(), description="The nightly backup")
