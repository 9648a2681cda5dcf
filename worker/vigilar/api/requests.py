"""What may be asked: parameters and bodies, checked here and trusted inside."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from vigilar.domain.camera import CAMERA_ID_PATTERN, RecordingMode
from vigilar.domain.clip import CLIP_ID_PATTERN, ClipKind, Trigger
from vigilar.domain.coverage import CoverageQuery, GapReason
from vigilar.domain.event import EventType, Severity
from vigilar.domain.query import ClipQuery, EventQuery
from vigilar.domain.settings import MotionSettings, Zone

_MAX_CAMERAS: Final = 64
_MAX_ZONES: Final = 32
_MAX_POINTS: Final = 64
_CLIP_ID: Final = re.sub(r"\?P<\w+>", "", CLIP_ID_PATTERN.pattern)  # names of groups are Python's own

CAMERA_ID: Final = StringConstraints(pattern=f"^(?:{CAMERA_ID_PATTERN.pattern})$")
CLIP_ID: Final = StringConstraints(pattern=f"^(?:{_CLIP_ID})$", max_length=100)
EVENT_ID: Final = StringConstraints(pattern=r"^[0-9A-Za-z\-]{1,64}$")
TICKET: Final = StringConstraints(pattern=r"^[0-9A-Za-z_\-]{16,128}$")

type CameraIdIn = Annotated[str, CAMERA_ID]
type ClipIdIn = Annotated[str, CLIP_ID]
type EventIdIn = Annotated[str, EVENT_ID]
type TicketIn = Annotated[str, TICKET]
type Seconds = Annotated[float, Field(ge=1, le=600, allow_inf_nan=False, strict=True)]


def _to_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; the first and last hours of the calendar have none everywhere."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as err:
        raise ValueError("this moment lies outside the calendar") from err


def _as_text(moment: object) -> object:
    """Refuse bare numbers, which Pydantic would take for seconds since 1970: they name no offset."""
    if isinstance(moment, str) and "T" not in moment.upper():
        raise ValueError("not a date with time and offset, for example 2026-01-31T18:00:00+01:00")
    return moment


type Moment = Annotated[AwareDatetime, BeforeValidator(_as_text), AfterValidator(_to_utc)]
type Cursor = Annotated[str, StringConstraints(min_length=1, max_length=512)]
type Limit = Annotated[int, Field(ge=1, le=200)]


class Asked(BaseModel):
    """Base of all that is asked: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClipFilters(Asked):
    """Filters of a list of recordings; all given ones must hold."""

    camera: list[CameraIdIn] = Field([], max_length=_MAX_CAMERAS, description="Any of these cameras")
    kind: ClipKind | None = Field(None, description="clip: something happened; segment: continuous recording")
    trigger: Trigger | None = Field(None, description="Why the recording began")
    starred: bool | None = None
    after: Moment | None = Field(None, description="Began at or after this moment (RFC 3339 with offset)")
    before: Moment | None = Field(None, description="Began before this moment (RFC 3339 with offset)")
    limit: Limit = 50
    cursor: Cursor | None = Field(None, description="The previous page's next_cursor")

    def query(self) -> ClipQuery:
        """Return the query these filters make."""
        return ClipQuery(
            cameras=tuple(self.camera),
            kind=self.kind,
            trigger=self.trigger,
            starred=self.starred,
            after=self.after,
            before=self.before,
            limit=self.limit,
            cursor=self.cursor,
        )


class EventFilters(Asked):
    """Filters of a list of events; all given ones must hold."""

    camera: list[CameraIdIn] = Field([], max_length=_MAX_CAMERAS, description="Any of these cameras")
    type: list[EventType] = Field([], max_length=32, description="Any of these types")
    min_severity: Severity | None = Field(None, description="This severity or a higher one")
    acknowledged: bool | None = None
    after: Moment | None = Field(None, description="Began at or after this moment (RFC 3339 with offset)")
    before: Moment | None = Field(None, description="Began before this moment (RFC 3339 with offset)")
    limit: Limit = 50
    cursor: Cursor | None = Field(None, description="The previous page's next_cursor")

    def query(self) -> EventQuery:
        """Return the query these filters make."""
        return EventQuery(
            cameras=tuple(self.camera),
            types=tuple(self.type),
            min_severity=self.min_severity,
            acknowledged=self.acknowledged,
            after=self.after,
            before=self.before,
            limit=self.limit,
            cursor=self.cursor,
        )


class CoverageFilters(Asked):
    """Filters of a list of gaps; all given ones must hold."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=False)

    camera: list[CameraIdIn] = Field([], max_length=_MAX_CAMERAS, description="Any of these cameras")
    reason: list[GapReason] = Field([], max_length=16, description="Any of these reasons")
    after: Moment | None = Field(
        None, alias="from", description="Lasted beyond this moment (RFC 3339 with offset)"
    )
    before: Moment | None = Field(
        None, alias="to", description="Began before this moment (RFC 3339 with offset)"
    )
    limit: Limit = 50
    cursor: Cursor | None = Field(None, description="The previous page's next_cursor")

    def query(self) -> CoverageQuery:
        """Return the query these filters make."""
        return CoverageQuery(
            cameras=tuple(self.camera),
            reasons=tuple(self.reason),
            after=self.after,
            before=self.before,
            limit=self.limit,
            cursor=self.cursor,
        )


class SystemEventFilters(Asked):
    """How many system events to return."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


class SnapshotIn(Asked):
    """How large a picture to return."""

    width: Annotated[int, Field(ge=16, le=7680)] = Field(1280, description="At most this many pixels wide")


class RecordIn(Asked):
    """How long to record; the pre-roll comes on top."""

    seconds: Seconds = 30.0


type Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
type Corner = Annotated[tuple[Share, Share], Field(description="x and y, 0 to 1, origin top left")]


def _has_area(points: list[Corner]) -> list[Corner]:
    """Refuse polygons that enclose nothing: a zone that can never be touched is a mistake."""
    around = zip(points, [*points[1:], points[0]], strict=True)
    if abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in around)) < 1e-6:
        raise ValueError("the corners enclose no area")
    return points


class ZoneIn(Asked):
    """A named polygon."""

    name: Annotated[str, CAMERA_ID]
    points: Annotated[list[Corner], Field(min_length=3, max_length=_MAX_POINTS), AfterValidator(_has_area)]

    def zone(self) -> Zone:
        """Return the zone this describes."""
        return Zone(self.name, tuple(self.points))


def _named_once(zones: Sequence[ZoneIn] | None) -> Sequence[ZoneIn] | None:
    if zones is not None and len({zone.name for zone in zones}) < len(zones):
        raise ValueError("two zones have the same name")
    return zones


type Zones = Annotated[list[ZoneIn] | None, Field(max_length=_MAX_ZONES), AfterValidator(_named_once)]


class MotionIn(Asked):
    """Changes to how movement is judged; what is left out (or null) stays."""

    enabled: StrictBool | None = None
    sensitivity: Annotated[int, Field(ge=0, le=100, strict=True)] | None = Field(
        None, description="0 (numb) to 100 (nervous)"
    )
    min_area: Annotated[float, Field(gt=0, le=1, strict=True, allow_inf_nan=False)] | None = Field(
        None, description="The smallest thing that counts, as a share of the picture"
    )
    include: Zones = Field(None, description="Only movement in these zones counts; an empty list: everywhere")
    exclude: Zones = Field(None, description="Movement in these zones is ignored")

    def applied_to(self, settings: MotionSettings) -> MotionSettings:
        """Return the settings with these changes."""
        return replace(
            settings,
            enabled=settings.enabled if self.enabled is None else self.enabled,
            sensitivity=settings.sensitivity if self.sensitivity is None else self.sensitivity,
            min_area=settings.min_area if self.min_area is None else self.min_area,
            include=settings.include if self.include is None else tuple(zone.zone() for zone in self.include),
            exclude=settings.exclude if self.exclude is None else tuple(zone.zone() for zone in self.exclude),
        )


class CameraIn(Asked):
    """Changes to a camera that hold until the worker's next start; what is left out (or null) stays."""

    mode: RecordingMode | None = Field(None, description="When to record")
    motion: MotionIn | None = None
