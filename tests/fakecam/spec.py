"""What a fake camera is like: its stream, its manners and its address."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from fakecam.scene import AudioCodec, Ink, Scene, Walk


class Auth(StrEnum):
    """How the camera asks for a password."""

    NONE = "none"
    BASIC = "basic"
    DIGEST = "digest"
    DIGEST_SHA256 = "digest-sha256"
    BOTH = "both"


class Start(StrEnum):
    """Where a client comes in: wherever the stream is, or at the next key frame."""

    ANY = "any"
    KEY = "key"


class Transport(StrEnum):
    """What the camera can do; anything else is answered with 461."""

    ANY = "any"
    TCP = "tcp"
    UDP = "udp"


class Params(StrEnum):
    """Where the parameter sets are: in the SDP, before the key frames, or both."""

    BOTH = "both"
    SDP = "sdp"
    INBAND = "inband"


_YARD_WALKS = (
    Walk(12.0, 9.0),
    Walk(34.0, 11.0, (1.08, 0.94), (-0.08, 0.80)),
)


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One stream of a fake camera.

    It shows `file` (any video PyAV reads) if one is named, else `scene`. `port` 0 means a free one, kept for
    the camera's life; cameras with the same other port share it. With `tls` it speaks RTSPS and HTTPS.
    `loss` is the share of RTP packets dropped; `wrap_in_s` makes the RTP timestamps wrap so long after the
    start; `sender_reports` False leaves RTCP out.
    """

    name: str = "camera"
    scene: Scene = field(default_factory=Scene)
    file: str = ""
    port: int = 0
    path: str = ""
    user: str = ""
    password: str = ""
    auth: Auth = Auth.NONE
    tls: bool = False
    start: Start = Start.ANY
    transport: Transport = Transport.ANY
    params: Params = Params.BOTH
    loss: float = 0.0
    wrap_in_s: float | None = None
    sender_reports: bool = True

    @classmethod
    def quiet(cls, *, main: bool, audio: str | None = None, gop_s: float = 2.0, name: str = "camera") -> Self:
        """Return a yard where nothing moves: 1080p15 at 4 Mbit/s, or 640x360 at 512 kbit/s."""
        scene = Scene(seconds=20.0, gop_s=gop_s, ink=Ink.NONE)
        return cls(name, _as_main(scene, audio) if main else scene)

    @classmethod
    def yard(
        cls,
        name: str,
        *,
        sub: bool = False,
        audio: str | None = None,
        seconds: float = 60.0,
        walks: tuple[Walk, ...] = _YARD_WALKS,
        gop_s: float = 2.0,
        ink: Ink = Ink.CHROMA,
    ) -> Self:
        """Return a yard that somebody walks through now and then.

        Main and sub stream (as in `quiet`) made with the same arguments show the same moments.
        """
        scene = Scene(seconds=seconds, walks=walks, gop_s=gop_s, ink=ink)
        return cls(name, scene if sub else _as_main(scene, audio))

    @classmethod
    def small(cls, name: str = "camera", *, audio: str | None = None, seconds: float = 4.0) -> Self:
        """Return a 320x180 stream that costs next to nothing; the time code is in the brightness."""
        return cls(name, Scene.small(seconds=seconds, audio=_audio(audio)))

    def named(self, name: str) -> Self:
        """Return the same camera under another name."""
        return replace(self, name=name)

    @property
    def request_path(self) -> str:
        """The path of its URL: `/name` unless given."""
        return "/" + (self.path or self.name).strip("/")

    @property
    def asks(self) -> Auth:
        """How it asks for a password: digest if there is a user and nothing else was said."""
        return Auth.DIGEST if self.user and self.auth is Auth.NONE else self.auth


def _audio(name: str | None) -> AudioCodec | None:
    return AudioCodec(name) if name else None


def _as_main(scene: Scene, audio: str | None) -> Scene:
    return replace(scene, width=1920, height=1080, bit_rate=4_000_000, audio=_audio(audio))
