"""Cameras, how they are recorded and how movement is judged, as they stand in the file."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from vigilar.config.retention import CameraRetentionConfig
from vigilar.config.section import Number, Section
from vigilar.config.streams import Stream
from vigilar.domain.camera import CAMERA_ID_PATTERN, RecordingMode
from vigilar.domain.settings import ConditionSettings, MotionSettings, RecordingSettings

_SLUG = f"^(?:{CAMERA_ID_PATTERN.pattern})$"
_RECORDING = RecordingSettings()
_MOTION = MotionSettings()
_CONDITION = ConditionSettings()

type Slug = Annotated[str, StringConstraints(pattern=_SLUG)]
type Share = Annotated[Number, Field(ge=0, le=1)]
type Corner = tuple[Share, Share]


def _has_area(points: tuple[Corner, ...]) -> tuple[Corner, ...]:
    """Refuse polygons that enclose nothing: a zone that can never be touched is a mistake."""
    around = zip(points, (*points[1:], points[0]), strict=True)
    if abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in around)) < 1e-6:
        raise ValueError("the corners enclose no area")
    return points


type Polygon = Annotated[tuple[Corner, ...], Field(min_length=3, max_length=64), AfterValidator(_has_area)]


class RecordingConfig(Section):
    """What is kept. At the top of the file: for every camera; below a camera: for that one."""

    mode: RecordingMode = Field(
        _RECORDING.mode, description="When to record: motion, continuous (motion clips besides) or off"
    )
    pre_roll: Number = Field(
        _RECORDING.pre_roll_s,
        ge=0,
        le=60,
        description="Seconds kept from before the first moving frame, 0 to 60",
        examples=[5],
    )
    post_roll: Number = Field(
        _RECORDING.post_roll_s,
        ge=1,
        le=300,
        description="Seconds recorded after the last movement, 1 to 300",
        examples=[10],
    )
    max_clip: Number = Field(
        _RECORDING.max_clip_s,
        ge=10,
        le=3600,
        description="Seconds after which a clip goes on in a new file, 10 to 3600",
        examples=[300],
    )
    segment: Number = Field(
        _RECORDING.segment_s,
        ge=10,
        le=3600,
        description="Seconds in one file of continuous recording, 10 to 3600",
        examples=[300],
    )
    audio: StrictBool = Field(_RECORDING.audio, description="Whether sound is recorded (true or false)")


class MotionConfig(Section):
    """How movement is judged. At the top of the file: for every camera; below a camera: for that one."""

    enabled: StrictBool = Field(
        _MOTION.enabled, description="Whether the camera is watched for movement (true or false)"
    )
    sensitivity: int = Field(
        _MOTION.sensitivity,
        strict=True,
        ge=0,
        le=100,
        description="A whole number from 0 (numb) to 100 (nervous)",
        examples=[50],
    )
    min_area: Number = Field(
        _MOTION.min_area,
        gt=0,
        le=1,
        description="The smallest thing that counts, as a share of the picture above 0 and up to 1",
        examples=[0.0015],
    )
    include: dict[Slug, Polygon] = Field(
        {},
        description=(
            "Zones by name, each a list of at least three corners [x, y] from 0 to 1, origin top left; "
            "only movement in them counts"
        ),
        examples=["porch: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]"],
    )
    exclude: dict[Slug, Polygon] = Field(
        {},
        description=(
            "Zones by name, each a list of at least three corners [x, y] from 0 to 1; "
            "movement there is ignored"
        ),
        examples=["street: [[0, 0], [1, 0], [1, 0.2], [0, 0.2]]"],
    )
    idle_looks: Number = Field(
        _MOTION.idle_looks_per_s,
        ge=0.2,
        le=30,
        description="Looks a second while nothing moves, 0.2 to 30",
        examples=[2],
    )
    active_looks: Number = Field(
        _MOTION.active_looks_per_s,
        ge=0.2,
        le=60,
        description="Looks a second at most while something moves, 0.2 to 60",
        examples=[30],
    )
    thrift: StrictBool = Field(
        _MOTION.thrift,
        description="Whether only key frames are looked at where there is no sub-stream (true or false)",
    )


class ConditionConfig(Section):
    """What is told of a camera's condition. At the top: for every camera; below a camera: for that one."""

    frozen: StrictBool = Field(
        _CONDITION.frozen, description="Whether a picture that stands still is told (true or false)"
    )
    covered: StrictBool = Field(
        _CONDITION.covered, description="Whether a covered lens is told (true or false)"
    )
    defocused: StrictBool = Field(
        _CONDITION.defocused, description="Whether a picture that lost its focus is told (true or false)"
    )
    moved: StrictBool = Field(
        _CONDITION.moved,
        description="Whether a camera that was turned is told (true or false; false where it turns itself)",
    )
    sub_view: StrictBool = Field(
        _CONDITION.sub_view,
        description="Whether a sub-stream that shows another view than main is told (true or false)",
    )


class CameraConfig(Section):
    """One camera."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="What people call it", examples=["Front door"]
    )
    enabled: StrictBool = Field(True, description="Whether it is watched at all (true or false)")
    main: Stream = Field(
        description="The stream that is stored: an address, or url: and its companions",
        examples=["rtsp://192.0.2.10:554/stream1"],
    )
    sub: Stream | None = Field(
        None,
        description="The small stream that is looked at: an address, or url: and its companions",
        examples=["rtsp://192.0.2.10:554/stream2"],
    )
    recording: RecordingConfig = Field(RecordingConfig(), description="What is kept of this camera")
    motion: MotionConfig = Field(MotionConfig(), description="How movement is judged on this camera")
    retention: CameraRetentionConfig = Field(
        CameraRetentionConfig(), description="How much of this camera is kept, and for how long"
    )
    condition: ConditionConfig = Field(
        ConditionConfig(), description="What is told of this camera's condition"
    )
