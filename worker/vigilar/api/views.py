"""How things look on the wire: the same over HTTP and WebSocket, without any address, credential or key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python

from vigilar.api.services import (
    CameraView,
    ClipView,
    Delta,
    HealthItem,
    HealthReport,
    HealthStatus,
    LiveTicket,
    StorageView,
)
from vigilar.domain.camera import CameraId, CameraState, RecordingMode, StreamFacts
from vigilar.domain.clip import ClipId, ClipKind, Trigger
from vigilar.domain.coverage import GapReason
from vigilar.domain.event import Event, EventId, EventType, Severity, SystemEvent
from vigilar.domain.query import Page
from vigilar.domain.settings import MotionSettings

API_ROOT: Final = "/api/v1"


class View(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class InfoOut(View):
    """Who answers, and which clients it can talk to."""

    name: str
    version: str = Field(description="The worker's version")
    server_id: str = Field(description="Stable id of this installation")
    schema_version: int = Field(description="Rises with each addition to this API")
    min_supported_schema_version: int = Field(description="The oldest schema a client may have been made for")
    auth: list[str] = Field(description="Ways to authenticate", examples=[["bearer"]])


class StatusOut(View):
    """The overall state alone."""

    status: HealthStatus


class HealthItemOut(View):
    """One thing that is not as it should be; `camera` is empty for the worker itself."""

    key: str
    severity: Severity
    message: str
    camera: CameraId


class HealthOut(View):
    """The overall state with what it rests on."""

    status: HealthStatus
    items: list[HealthItemOut]
    uptime_s: float
    processes: dict[str, int] = Field(description="Process name → times it was restarted")


class CameraOut(View):
    """A camera and how it is doing."""

    id: CameraId
    name: str
    state: CameraState
    mode: RecordingMode
    motion: bool = Field(description="Something moves just now")
    recording: bool = Field(description="A file is being written just now")
    main: StreamFacts | None
    sub: StreamFacts | None
    motion_settings: MotionSettings
    last_motion: datetime | None
    last_clip: ClipId | None
    restarts: int
    reconnects: int
    problem: str = Field(description="What is wrong, for people; empty when nothing is")
    missing_today_s: float = Field(
        description="Seconds of today in which it should have been watched and was not"
    )


class ClipOut(View):
    """A recording. `path` is its encrypted file, relative to the storage folder; `media` plays it here."""

    id: ClipId
    camera: CameraId
    kind: ClipKind
    trigger: Trigger
    start: datetime
    end: datetime
    duration_s: float
    size_bytes: int
    path: str
    video_codec: str
    width: int
    height: int
    audio_codec: str | None
    first_moving: datetime | None
    recovered: bool = Field(description="Salvaged from a file torn by a crash")
    starred: bool
    media: str

    @classmethod
    def of(cls, view: ClipView) -> Self:
        """Return a clip as it looks on the wire."""
        clip = view.clip
        return cls(
            id=clip.id,
            camera=clip.camera,
            kind=clip.kind,
            trigger=clip.trigger,
            start=clip.start,
            end=clip.end,
            duration_s=clip.duration_s,
            size_bytes=clip.size_bytes,
            path=clip.path,
            video_codec=clip.video_codec,
            width=clip.width,
            height=clip.height,
            audio_codec=clip.audio_codec,
            first_moving=clip.first_moving,
            recovered=clip.recovered,
            starred=view.starred,
            media=f"{API_ROOT}/clips/{clip.id}/media.mp4",
        )


class EventOut(View):
    """Something a household may want to know."""

    id: EventId
    type: EventType
    severity: Severity
    camera: CameraId
    start: datetime
    end: datetime | None = Field(description="Null while it lasts")
    clip_id: ClipId | None
    zones: list[str]
    score: float | None
    detail: str
    acknowledged: datetime | None


class SystemEventOut(View):
    """Something an operator may want to know about the worker itself."""

    id: EventId
    component: str
    severity: Severity
    at: datetime
    message: str


class CamerasOut(View):
    """All cameras, in the order of the configuration."""

    items: list[CameraOut]


class ClipPageOut(View):
    """One page of recordings, newest first."""

    items: list[ClipOut]
    next_cursor: str | None = Field(description="Ask again with cursor= this; null on the last page")

    @classmethod
    def of(cls, page: Page[ClipView]) -> Self:
        """Return a page as it looks on the wire."""
        return cls(items=[ClipOut.of(view) for view in page.items], next_cursor=page.next_cursor)


class EventPageOut(View):
    """One page of events, newest first."""

    items: list[EventOut]
    next_cursor: str | None = Field(description="Ask again with cursor= this; null on the last page")


class GapOut(View):
    """Time in which a camera was meant to be watched and was not."""

    id: str
    camera: CameraId
    start: datetime
    end: datetime
    seconds: float
    reason: GapReason
    detail: str = Field(description="For people")


class GapPageOut(View):
    """One page of gaps that are over, newest first. Those of one camera never overlap."""

    items: list[GapOut]
    next_cursor: str | None = Field(description="Ask again with cursor= this; null on the last page")


class OpenGapOut(View):
    """A gap that lasts."""

    since: datetime
    reason: GapReason


class CameraCoverageOut(View):
    """What a camera lacks of a day so far."""

    camera: CameraId
    missing_s: float
    by_reason: dict[GapReason, float] = Field(description="Seconds; no moment is counted twice")
    now: OpenGapOut | None = Field(description="The gap that lasts just now")


class DayCoverageOut(View):
    """What is missing of today so far."""

    day: str = Field(description="The date", examples=["2026-11-21"])
    time_zone: str
    start: datetime
    end: datetime
    cameras: list[CameraCoverageOut]


class SystemEventsOut(View):
    """The newest system events, newest first."""

    items: list[SystemEventOut]


class RecordingOut(View):
    """The recording that was begun; it is in the list of clips once it is sealed."""

    clip_id: ClipId


class LiveTicketOut(View):
    """A right to watch one camera for a short while: whoever holds `path` can watch."""

    ticket: str
    camera: CameraId
    expires: datetime
    path: str

    @classmethod
    def of(cls, ticket: LiveTicket) -> Self:
        """Return a ticket as it looks on the wire."""
        path = f"{API_ROOT}/live/{ticket.ticket}.ts"
        return cls(ticket=ticket.ticket, camera=ticket.camera, expires=ticket.expires, path=path)


class RevokedOut(View):
    """How many tickets were voided."""

    revoked: int


class CameraStorageOut(View):
    """What one camera's recordings take."""

    camera: CameraId
    used_bytes: int
    clips: int
    segments: int
    starred: int
    oldest: datetime | None = Field(description="Start of its oldest recording")
    max_bytes: int | None = Field(description="The camera's own budget")
    bytes_per_day: float | None = Field(description="At the rate of the last three days; null: not known yet")
    days_left: float | None = Field(description="Until its oldest recordings have to go; null: not known yet")


class StorageOut(View):
    """What all recordings take, and how long the room lasts at this rate."""

    used_bytes: int
    disk_bytes: int
    free_bytes: int
    min_free_bytes: int = Field(description="What is kept free")
    max_bytes: int | None = Field(description="The budget of all cameras together; null: what the disk holds")
    bytes_per_day: float | None
    days_left: float | None = Field(description="Until the oldest recordings have to go; 0: they go now")
    ballast: bool = Field(description="The file is there that is given up when the disk is full")
    clock_sure: bool = Field(description="The clock is believed: recordings go for their age")
    cameras: list[CameraStorageOut]


_VIEW_OF: Final[Mapping[type, type[View]]] = {
    CameraView: CameraOut,
    Event: EventOut,
    SystemEvent: SystemEventOut,
    HealthReport: HealthOut,
    HealthItem: HealthItemOut,
    StorageView: StorageOut,
}
_VALUE_OF_TOPIC: Final[Mapping[str, type]] = {
    "camera": CameraView,
    "clip": ClipView,
    "event": Event,
    "system_event": SystemEvent,
    "health": HealthReport,
    "storage": StorageView,
}

type Json = dict[str, Json] | list[Json] | str | int | float | bool | None


def rendered(value: object) -> Json:
    """Return any of the values above, or a structure that holds them, as plain JSON values."""
    match value:
        case CameraView() | Event() | SystemEvent() | HealthReport() | HealthItem() | StorageView():
            plain: Json = _VIEW_OF[type(value)].model_validate(value).model_dump(mode="json")
        case ClipView():
            plain = ClipOut.of(value).model_dump(mode="json")
        case Mapping():
            plain = {str(key): rendered(item) for key, item in value.items()}
        case list() | tuple():
            plain = [rendered(item) for item in value]
        case _:
            plain = to_jsonable_python(value)
    return plain


def rendered_delta(delta: Delta) -> dict[str, Json]:
    """Return a change as the WebSocket sends it."""
    return {
        "type": "delta",
        "seq": delta.seq,
        "topic": delta.topic,
        "key": delta.key,
        "data": rendered(_typed(delta)),
    }


def _typed(delta: Delta) -> object:
    """Return a change's data as the value it stands for, so that it looks as it does over HTTP."""
    shape = _VALUE_OF_TOPIC.get(delta.topic)
    if shape is None or not isinstance(delta.data, Mapping):
        return delta.data
    try:
        return msgspec.convert(delta.data, shape)
    except msgspec.ValidationError:
        return delta.data
