"""How much is kept and for how long, as it stands in the file."""

from typing import Annotated

from pydantic import Field

from vigilar.config.section import Number, Section
from vigilar.config.sizes import Budget, Size
from vigilar.domain.settings import DAY_S, CameraRetention

_CAMERA = CameraRetention()
_CLIP_DAYS = None if _CAMERA.clip_age_s is None else _CAMERA.clip_age_s / DAY_S
_SEGMENT_DAYS = None if _CAMERA.segment_age_s is None else _CAMERA.segment_age_s / DAY_S

type Days = Annotated[Number, Field(gt=0, le=36_500)]


class CameraRetentionConfig(Section):
    """What differs for one camera."""

    max_bytes: Budget | None = Field(
        None,
        description="What this camera's recordings may take at most (nothing: no limit of its own)",
        examples=["50GB"],
    )
    max_age: Days | None = Field(
        _CLIP_DAYS,
        description="Days after which this camera's clips go (default: as for all; null: never)",
        examples=[30],
    )
    max_age_segments: Days | None = Field(
        _SEGMENT_DAYS,
        description="Days after which this camera's segments go (default: as for all; null: never)",
        examples=[7],
    )


class RetentionConfig(Section):
    """When recordings are given up: the oldest first, starred ones last of all and never for their age."""

    max_bytes: Budget | None = Field(
        None,
        description="What the recordings of all cameras may take together (nothing: what the disk holds)",
        examples=["200GB"],
    )
    min_free: Size | None = Field(
        None,
        description="What stays free on the storage disk (nothing: a twentieth of it, at most 2GB)",
        examples=["2GB"],
    )
    max_age: Days | None = Field(
        _CLIP_DAYS, description="Days after which clips go (null: never for their age)", examples=[30]
    )
    max_age_segments: Days | None = Field(
        _SEGMENT_DAYS,
        description="Days after which segments of continuous recording go (null: never for their age)",
        examples=[7],
    )
