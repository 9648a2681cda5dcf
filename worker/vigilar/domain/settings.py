"""What each process is told when it starts, and what may change while it runs.

Made from the checked configuration by `vigilar.config`; children receive it as JSON on an inherited
descriptor. Secrets (stream credentials) travel only this way: never in argv, never over the bus.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from vigilar.domain.camera import CameraId, RecordingMode

DAY_S: Final = 86_400.0

type Point = tuple[float, float]
"""(x, y), each 0…1 of the main picture, origin top left."""


class Transport(StrEnum):
    """How RTP is carried."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Where a stream comes from. `url` carries its credentials, percent-encoded: never log or print it."""

    url: str = field(repr=False)
    transport: Transport = Transport.TCP
    open_timeout_s: float = 10.0
    read_timeout_s: float = 8.0
    tls_verify: bool = False
    loop_file: bool = False


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon of at least three points."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How movement is judged. `sensitivity` 0…100 (50 suits most), `min_area` as a share of the picture."""

    enabled: bool = True
    sensitivity: int = 50
    min_area: float = 0.0015
    include: tuple[Zone, ...] = ()
    exclude: tuple[Zone, ...] = ()
    idle_looks_per_s: float = 2.0
    active_looks_per_s: float = 30.0
    thrift: bool = False


@dataclass(frozen=True, slots=True)
class ConditionSettings:
    """Which judgements of a camera's condition are made of its pictures."""

    frozen: bool = True
    covered: bool = True
    defocused: bool = True
    moved: bool = True
    sub_view: bool = True


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """What is kept of a camera; all times in seconds."""

    mode: RecordingMode = RecordingMode.MOTION
    pre_roll_s: float = 5.0
    post_roll_s: float = 10.0
    max_clip_s: float = 300.0
    segment_s: float = 300.0
    audio: bool = True


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """One capture process: one camera."""

    camera: CameraId
    main: StreamSettings
    sub: StreamSettings | None
    recording: RecordingSettings
    storage_root: str
    key_dir: str
    run_dir: str
    log_level: str = "INFO"
    log_format: str = "text"


@dataclass(frozen=True, slots=True)
class LookCamera:
    """What `look` needs to know of a camera. `has_sub`: the looked-at stream is a sub-stream."""

    camera: CameraId
    motion: MotionSettings
    has_sub: bool
    condition: ConditionSettings = ConditionSettings()


@dataclass(frozen=True, slots=True)
class LookSettings:
    """The one `look` process, for all cameras."""

    cameras: tuple[LookCamera, ...]
    run_dir: str
    log_level: str = "INFO"
    log_format: str = "text"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The HTTP and WebSocket listener.

    `token_hash_file` holds the tokens' hashes (the tokens are kept nowhere); empty: beside the keys.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8555
    token_hash_file: str = ""


@dataclass(frozen=True, slots=True)
class CameraRetention:
    """How much of one camera is kept: bytes (None: no budget of its own), ages in seconds (None: any)."""

    max_bytes: int | None = None
    clip_age_s: float | None = 30 * DAY_S
    segment_age_s: float | None = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How much is kept of all cameras together, in bytes.

    `max_bytes` None: what the disk holds. `min_free` None: a twentieth of the disk, at most 2 GB.
    `other`: what holds for cameras that are no longer configured but still have recordings.
    """

    max_bytes: int | None = None
    min_free: int | None = None
    other: CameraRetention = CameraRetention()


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The nightly backups. `path`: their folder, `hour` in local time.

    `left_out`: files that the configuration `config_file` names and a backup does not hold.
    """

    enabled: bool = False
    path: str = ""
    keep: int = 7
    hour: int = 3
    config_file: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CoreCamera:
    """What the core needs to know of a camera: no address, no credential."""

    camera: CameraId
    name: str
    enabled: bool
    mode: RecordingMode
    motion: MotionSettings
    has_sub: bool
    retention: CameraRetention = CameraRetention()
    condition: ConditionSettings = ConditionSettings()


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """The one `core` process: index, events, API.

    `database_url` empty: the node-local SQLite file `vigilar.db` in `data_dir`; else a `sqlite:///` URL.
    """

    cameras: tuple[CoreCamera, ...]
    storage_root: str
    key_dir: str
    data_dir: str
    run_dir: str
    database_url: str = ""
    api: ApiSettings = ApiSettings()
    retention: RetentionSettings = RetentionSettings()
    time_zone: str = ""
    """What "today" means: an IANA name, empty for the system's."""
    backup: BackupSettings = BackupSettings()
    log_level: str = "INFO"
    log_format: str = "text"
