"""What a test holds in its hand: fake cameras that run elsewhere, steered over their control port."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

import msgspec

from fakecam.scene import Scene

type Json = dict[str, Any]


class ControlError(RuntimeError):
    """The cameras did not do what they were asked."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a camera's pictures are served: the film's start and its length, CLOCK_MONOTONIC, ns."""

    epoch_ns: int
    loop_ns: int

    def served_at(self, timecode_ms: int, near_ns: int) -> int:
        """Return the moment nearest to `near_ns` at which the picture with this time code is served."""
        first = self.epoch_ns + timecode_ms * 1_000_000
        return first + max(0, round((near_ns - first) / self.loop_ns)) * self.loop_ns

    def next_at(self, timecode_ms: int, after_ns: int) -> int:
        """Return the first moment after `after_ns` at which the picture with this time code is served."""
        first = self.epoch_ns + timecode_ms * 1_000_000
        return first + max(0, (after_ns - first) // self.loop_ns + 1) * self.loop_ns

    def timecode_at(self, when_ns: int) -> int:
        """Return the time code (ms) of the moment; it is that of the picture served then or just before."""
        return (when_ns - self.epoch_ns) % self.loop_ns // 1_000_000


class FakeCameras:
    """Steers cameras by name. Base of the process and of the thread."""

    control_port = 0
    host = "127.0.0.1"

    def url(self, name: str, *, credentials: bool = True) -> str:
        """Return a camera's RTSP address, with its password unless told otherwise."""
        return _address(self.status(name)["url"], credentials=credentials)

    def web_url(self, name: str, kind: str, *, credentials: bool = True) -> str:
        """Return a camera's HTTP address of `kind`: mjpg (of an MJPEG scene), ts (of any other), or jpg."""
        return _address(self.status(name)["web"][kind], credentials=credentials)

    def status(self, name: str) -> Json:
        """Return how a camera is (see `Camera.status`)."""
        return self._ask(f"/{name}/status")

    def fault(self, name: str, action: str, **query: Any) -> Json:
        """Do something to a camera (see `fakecam.control`) and return how it is then. Raises ControlError."""
        return self._ask(f"/{name}/{action}?{urllib.parse.urlencode(query)}")

    def play(self, name: str, scene: Scene | str, *, kick: bool = False) -> Json:
        """Show another scene or file from now on; clients are not told."""
        query = {"file": scene} if isinstance(scene, str) else {"scene": msgspec.json.encode(scene).decode()}
        return self.fault(name, "play", **query, **({"kick": 1} if kick else {}))

    def certificate(self) -> str:
        """Return the certificate of the cameras with TLS, PEM."""
        return self._get("/certificate.pem").decode()

    def clients(self, name: str) -> int:
        """Return how many clients are connected to a camera."""
        return int(self.status(name)["clients"])

    def timeline(self, name: str) -> Timeline:
        """Return when a camera's pictures are served. Holds until `play` or `restart`."""
        status = self.status(name)
        return Timeline(status["epoch_ns"], status["loop_ns"])

    def served_at(self, name: str, timecode_ms: int, near_ns: int | None = None) -> int:
        """Return the monotonic ns at which a picture was served: that nearest to `near_ns` (default: now)."""
        return self.timeline(name).served_at(timecode_ms, time.monotonic_ns() if near_ns is None else near_ns)

    def _ask(self, path: str) -> Json:
        found: Json = json.loads(self._get(path))
        return found

    def _get(self, path: str) -> bytes:
        url = f"http://{self.host}:{self.control_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=120) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as err:
            raise ControlError(json.load(err)["error"]) from err
        except OSError as err:
            raise ControlError(f"the fake cameras do not answer: {err}") from err
        return body


def _address(url: str, *, credentials: bool) -> str:
    if credentials:
        return url
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
