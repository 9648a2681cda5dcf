"""Every message that crosses a process boundary. All `*_ns` are CLOCK_MONOTONIC, one boot, all processes.

Travel: `capture` and `look` hold a Link (DEALER) to the core's Hub (ROUTER), `capture` also one to look's.
Messages marked *matters* are sent with an acknowledgement; the others are states, repeated anyway.
"""

from enum import StrEnum

import msgspec

from vigilar.domain.camera import CameraId, CameraState, RecordingMode, StreamFacts
from vigilar.domain.clip import Clip, ClipId, ClipKind, Trigger
from vigilar.domain.coverage import GapReason
from vigilar.domain.settings import MotionSettings


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages; the tag is the class name."""


# --- capture → core ---------------------------------------------------------------------------------


class CaptureStarted(Message, frozen=True):
    """Matters. A capture process is up: the core reconciles that camera's files with its index."""

    camera: CameraId
    pid: int


class CaptureStatus(Message, frozen=True):
    """State, on change and every 5 s. `ring_s`: seconds in the ring; `queue_s`: waiting for the disk.

    `covered_ns`: up to here nothing is missing that was not told as a FootageGap. `gap`: why that moment
    stands still, None while footage comes. `accounts_from_ns`: what came before, neither this process knows
    nor those it follows in this boot.
    """

    camera: CameraId
    state: CameraState
    mode: RecordingMode
    main: StreamFacts | None
    sub: StreamFacts | None
    recording: tuple[ClipId, ...]
    last_packet_ns: int
    ring_s: float
    ring_bytes: int
    queue_s: float
    reconnects: int
    packets: int
    bytes_received: int
    problem: str = ""
    cause: str = ""
    """The stable code of why main is away: `stalled` where the connection holds and nothing comes."""
    covered_ns: int = 0
    gap: GapReason | None = None
    accounts_from_ns: int = 0


class CameraStateChanged(Message, frozen=True):
    """Matters. The main stream came or went; `reason` is for people and free of credentials."""

    camera: CameraId
    state: CameraState
    at_ns: int
    reason: str
    cause: str = ""


class ClipOpened(Message, frozen=True):
    """Matters. Recording began; `event_id` is the motion event that began it, if any."""

    camera: CameraId
    clip_id: ClipId
    kind: ClipKind
    trigger: Trigger
    start_ns: int
    event_id: str | None


class ClipSealed(Message, frozen=True):
    """Matters. The file is sealed and durable under `clip.path`."""

    clip: Clip
    event_ids: tuple[str, ...] = ()


class FootageGap(Message, frozen=True):
    """Matters. Nothing reached the ring, or the disk, in this time. `reason` is for people."""

    camera: CameraId
    start_ns: int
    end_ns: int
    reason: str
    cause: GapReason = GapReason.UNKNOWN


# --- look → capture and core ------------------------------------------------------------------------


class MotionKind(StrEnum):
    """What was seen: things that move, or the whole scene's light changing."""

    MOTION = "motion"
    SCENE_CHANGED = "scene_changed"


class MotionState(Message, frozen=True):
    """Matters. One motion event's state: sent when it begins, every second while it lasts, when it ends.

    `first_moving_ns` never lies after the first frame that moved; `last_moving_ns` is the newest that did.
    `boxes` are (x, y, width, height) of the newest look, 0…1.
    """

    camera: CameraId
    event_id: str
    kind: MotionKind
    active: bool
    first_moving_ns: int
    last_moving_ns: int
    score: float
    zones: tuple[str, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()


class ConditionKind(StrEnum):
    """What may be wrong with the picture of a camera."""

    FROZEN = "frozen"
    COVERED = "covered"
    DEFOCUSED = "defocused"
    MOVED = "moved"
    SUB_VIEW = "sub_view"


class ConditionState(Message, frozen=True):
    """Matters. Something is wrong with a picture: said when it begins, every 5 s while it lasts, at its end.

    `first_ns` and `last_ns`: when it was first and last seen so; `detail` is for people.
    """

    camera: CameraId
    event_id: str
    kind: ConditionKind
    active: bool
    first_ns: int
    last_ns: int
    detail: str = ""


class LookStarted(Message, frozen=True):
    """Matters. The look process is up (again)."""

    pid: int


class LookStatus(Message, frozen=True):
    """State per camera, every 5 s. `behind_s`: how late the newest look was."""

    camera: CameraId
    looks: int
    decoded: int
    decode_errors: int
    looks_per_s: float
    behind_s: float
    moving: bool
    key_interval_s: float
    problem: str = ""


# --- commands (core → capture, core → look), each answered with a Reply --------------------------------


class RecordNow(Message, frozen=True):
    """Record for `seconds` from now (pre-roll included), in any mode. Reply.text: the clip id."""

    seconds: float


class SetRecordingMode(Message, frozen=True):
    """Change the recording mode while running."""

    mode: RecordingMode


class KeyframeRequest(Message, frozen=True):
    """Ask for the main stream's newest key frame. Reply.blob: an encoded StillSource."""


class OpenLive(Message, frozen=True):
    """Start MPEG-TS for one viewer: published on the camera's live socket under this viewer id."""

    viewer: str


class CloseLive(Message, frozen=True):
    """Stop it."""

    viewer: str


class SetMotion(Message, frozen=True):
    """Change a camera's motion settings while running (to `look`)."""

    camera: CameraId
    motion: MotionSettings


class StillRequest(Message, frozen=True):
    """Ask `look` for a JPEG, `width` pixels wide at most (height keeps the aspect ratio).

    The blob is a StillSource from KeyframeRequest; empty: the last picture seen. Reply.blob: JPEG.
    """

    camera: CameraId
    width: int
    quality: int = 85


class CompareViews(Message, frozen=True):
    """Ask `look` whether main and sub-stream show the same view. The blob is main's StillSource.

    Reply.text: `same`, `unclear` or, beginning with `differs: `, how they differ.
    """

    camera: CameraId


class Reply(Message, frozen=True):
    """Answer to a command. On failure `ok` is false, `code` stable and `text` for people."""

    ok: bool
    text: str = ""
    code: str = ""


type AnyMessage = (
    CaptureStarted
    | CaptureStatus
    | CameraStateChanged
    | ClipOpened
    | ClipSealed
    | FootageGap
    | MotionState
    | ConditionState
    | LookStarted
    | LookStatus
    | RecordNow
    | SetRecordingMode
    | KeyframeRequest
    | OpenLive
    | CloseLive
    | SetMotion
    | StillRequest
    | CompareViews
    | Reply
)
