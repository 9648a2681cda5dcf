"""What is to be seen: a description of a scene, from which the same pictures are always made."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Self


class VideoCodec(StrEnum):
    """How the pictures are encoded."""

    H264 = "h264"
    HEVC = "hevc"
    MJPEG = "mjpeg"


class AudioCodec(StrEnum):
    """How the sound is encoded: G.711 at 8 kHz or AAC at 16 kHz, mono."""

    PCMA = "pcm_alaw"
    PCMU = "pcm_mulaw"
    AAC = "aac"


class Place(StrEnum):
    """Where the camera hangs."""

    YARD = "yard"
    ROOM = "room"


class Ink(StrEnum):
    """What the time code is written in: brightness, colour (motion detection is blind to it), nothing."""

    LUMA = "luma"
    CHROMA = "chroma"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Walk:
    """Somebody walks from one point to another; points are where the feet are, in shares of the picture.

    `height` is the figure's height at the front of the picture, as a share of the picture's height; further
    back it is smaller. It is to be seen from `at_s` until `at_s + seconds`.
    """

    at_s: float
    seconds: float = 8.0
    start: tuple[float, float] = (-0.08, 0.92)
    end: tuple[float, float] = (1.08, 0.88)
    height: float = 0.62


@dataclass(frozen=True, slots=True)
class Switch:
    """Something is switched on or off at a moment."""

    at_s: float
    on: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene and how it is encoded. Plays in a loop of `seconds`; equal scenes are made once and kept.

    Light: `lamp` and `infrared` list their switchings; before the first they are in the other state, with
    none they are off. `exposure` is the share by which the automatic exposure drifts, `clouds` that by which
    passing shadows darken.
    """

    width: int = 640
    height: int = 360
    fps: int = 15
    seconds: float = 10.0
    codec: VideoCodec = VideoCodec.H264
    bit_rate: int = 512_000
    gop_s: float = 2.0
    b_frames: int = 0
    preset: str = "veryfast"
    audio: AudioCodec | None = None
    place: Place = Place.YARD
    ink: Ink = Ink.CHROMA
    walks: tuple[Walk, ...] = ()
    night: bool = False
    lamp: tuple[Switch, ...] = ()
    infrared: tuple[Switch, ...] = ()
    exposure: float = 0.0
    clouds: float = 0.0
    rain: float = 0.0
    insects: int = 0
    noise: float = 2.0
    seed: int = field(default=1)

    @classmethod
    def small(
        cls, *, seconds: float = 4.0, audio: AudioCodec | None = None, codec: VideoCodec = VideoCodec.H264
    ) -> Self:
        """Return a little scene, quickly made, its time code in the brightness: for tests of transport."""
        return cls(
            320, 180, 10, seconds, codec, 200_000, gop_s=1.0, preset="ultrafast", audio=audio, ink=Ink.LUMA
        )

    def scaled(self, width: int, height: int, bit_rate: int) -> Self:
        """Return the same scene as another stream of the same camera shows it, without sound."""
        return replace(self, width=width, height=height, bit_rate=bit_rate, audio=None)

    @property
    def frames(self) -> int:
        """Number of pictures in the loop."""
        return round(self.seconds * self.fps)

    @property
    def gop(self) -> int:
        """Pictures from one key frame to the next."""
        return max(1, round(self.gop_s * self.fps))

    def timecode(self, frame: int) -> int:
        """Return the time code of a picture: ms since the beginning of the loop."""
        return round(Fraction(frame * 1000, self.fps))
