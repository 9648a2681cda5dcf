"""One stream of a fake camera: plays its reel in real time to whoever is connected."""

import asyncio
import logging
import time
from typing import Any, Protocol
from urllib.parse import quote

from fakecam.auth import Gate
from fakecam.faults import Faults
from fakecam.live import Due, LiveTrack
from fakecam.reel import Kind, Reel
from fakecam.sdp import session_description
from fakecam.spec import CameraSpec

log = logging.getLogger(__name__)

_REPORT_EVERY_NS = 5_000_000_000


class Viewer(Protocol):
    """Somebody connected to the camera, over RTSP or HTTP."""

    def send(self, track: int, packets: bytearray, starts: tuple[int, ...], *, key: bool) -> None:
        """Send a frame's packets (each with its interleaving header) of a track. Never blocks."""

    def send_report(self, track: int, report: bytes) -> None:
        """Send an RTCP sender report of a track."""

    def show(self, kind: Kind, due: Due) -> None:
        """Take notice that a unit of the reel is due."""

    def cut(self) -> None:
        """Close the connection without a word."""


class Camera:
    """Holds the state of one stream and its clients."""

    def __init__(self, spec: CameraSpec, reel: Reel) -> None:
        self.spec, self.gate, self.faults = spec, Gate(spec), Faults(loss=spec.loss)
        self.viewers: set[Viewer] = set()
        self.port = spec.port
        self.began_ns = self.epoch_ns = time.monotonic_ns()
        self.reel: Reel
        self.tracks: list[LiveTrack] = []
        self._reported_ns = 0
        self.play(reel)

    def play(self, reel: Reel, epoch_ns: int | None = None) -> None:
        """Show another reel from its start, from now (or that moment) on; clients are not told."""
        self.reel, self.epoch_ns = reel, epoch_ns or time.monotonic_ns()
        for index in range(len(self.tracks), len(reel.tracks)):
            self.tracks.append(LiveTrack(index, self.spec.wrap_in_s))
        del self.tracks[len(reel.tracks) :]
        for live, track in zip(self.tracks, reel.tracks, strict=True):
            live.show(track, self.began_ns, self.epoch_ns)

    def restart(self, began_ns: int | None = None) -> None:
        """Begin anew as after a power cut of the encoder, with other numbers."""
        self.began_ns = began_ns or time.monotonic_ns()
        for live in self.tracks:
            live.renumber()
        self.play(self.reel, self.began_ns)

    def describe(self) -> str:
        """Return the SDP."""
        return session_description(self.spec.name, (live.track.sdp for live in self.tracks))

    def cut_all(self) -> int:
        """Close all connections; return how many."""
        viewers = list(self.viewers)
        for viewer in viewers:
            viewer.cut()
        return len(viewers)

    async def run(self) -> None:
        """Play until cancelled."""
        while True:
            live = min(self.tracks, key=lambda each: each.due_ns)
            if (wait_ns := live.due_ns - time.monotonic_ns()) > 0:
                await asyncio.sleep(wait_ns / 1e9)
                continue
            self._emit(live, live.take())
            if self.spec.sender_reports and time.monotonic_ns() - self._reported_ns > _REPORT_EVERY_NS:
                self.report()

    def report(self, to: Viewer | None = None) -> None:
        """Send every track's sender report to one viewer or to all."""
        if self.faults.stalled or not self.spec.sender_reports:
            return
        wall_ns, monotonic_ns = time.time_ns(), time.monotonic_ns()
        if to is None:
            self._reported_ns = monotonic_ns
        for live in self.tracks:
            report = live.report(wall_ns, monotonic_ns)
            for viewer in [to] if to else list(self.viewers):
                viewer.send_report(live.index, report)

    def _emit(self, live: LiveTrack, due: Due) -> None:
        if self.faults.stalled or self.faults.hung or not self.viewers:
            return
        if live.track.kind is Kind.AUDIO and self.faults.silent:
            return
        packets, starts = self.faults.thinned(due.unit.payload, live.stamp(due, self.faults))
        for viewer in list(self.viewers):
            viewer.send(live.index, packets, starts, key=due.unit.key)
            viewer.show(live.track.kind, due)

    def address(self, host: str, *, credentials: bool = True) -> str:
        """Return its RTSP address."""
        scheme = "rtsps" if self.spec.tls else "rtsp"
        return f"{scheme}://{self._authority(host, credentials)}{self.spec.request_path}"

    def web_address(self, host: str, kind: str, *, credentials: bool = True) -> str:
        """Return its HTTP address; `kind` is mjpg, ts or jpg."""
        scheme = "https" if self.spec.tls else "http"
        return f"{scheme}://{self._authority(host, credentials)}{self.spec.request_path}.{kind}"

    def _authority(self, host: str, credentials: bool) -> str:
        login = ""
        if self.spec.user and credentials:
            login = f"{quote(self.spec.user, safe='')}:{quote(self.spec.password, safe='')}@"
        return f"{login}{host}:{self.port}"

    def status(self, host: str) -> dict[str, Any]:
        """Return how it is, for the control port. Times are CLOCK_MONOTONIC in ns."""
        return {
            "url": self.address(host),
            "web": {kind: self.web_address(host, kind) for kind in ("mjpg", "ts", "jpg")},
            "file": str(self.reel.path),
            "clients": len(self.viewers),
            "codecs": [live.track.codec for live in self.tracks],
            "packets": [live.packets for live in self.tracks],
            "stalled": self.faults.stalled,
            "hung": self.faults.hung,
            "muted": self.faults.muted,
            "down": self.faults.down,
            "silent": self.faults.silent,
            "loss": self.faults.loss,
            "timestamps": self.faults.timestamps,
            "epoch_ns": self.epoch_ns,
            "loop_ns": self.reel.loop_ns,
            "now_ns": time.monotonic_ns(),
        }
