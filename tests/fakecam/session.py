"""One RTSP connection: requests in, packets out."""

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fakecam.camera import Camera
from fakecam.live import Due
from fakecam.outlets import Datagrams, Interleaved, Outlet
from fakecam.reel import Kind
from fakecam.spec import Start, Transport

type Finder = Callable[[str], Camera | None]

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"


@dataclass(frozen=True, slots=True)
class Request:
    """A request of RTSP or HTTP; header names in small letters."""

    method: str
    url: str
    version: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the URL."""
        return unquote(urlsplit(self.url).path) if self.url != "*" else "/"

    @property
    def authorization(self) -> str:
        """The Authorization header."""
        return self.headers.get("authorization", "")


class Session:
    """Serves one RTSP connection until either side ends it."""

    def __init__(
        self, find: Finder, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._find, self._host = find, host
        self._reader, self._writer = reader, writer
        self._camera: Camera | None = None
        self._id = secrets.token_hex(8)
        self._outlets: dict[int, Outlet] = {}
        self._playing = False
        self._keyed: set[int] = set()

    async def run(self, request: Request | None) -> None:
        """Answer requests, the first of which was read already."""
        try:
            while request is not None and self._answer(request):
                await self._writer.drain()
                request = await self._next()
        finally:
            self.cut()

    # --- as a viewer ----------------------------------------------------------------------------

    def send(self, track: int, packets: bytearray, starts: tuple[int, ...], *, key: bool) -> None:
        """Send a frame if this track was set up, and, where the camera is so minded, a key frame was seen."""
        if not self._playing or (outlet := self._outlets.get(track)) is None:
            return
        if track not in self._keyed:
            if self._camera and self._camera.spec.start is Start.KEY and not key:
                return
            self._keyed.add(track)
        outlet.send(packets, starts)

    def send_report(self, track: int, report: bytes) -> None:
        """Send RTCP."""
        if self._playing and track in self._outlets:
            self._outlets[track].send_report(report)

    def show(self, kind: Kind, due: Due) -> None:
        """Nothing more than the packets."""

    def cut(self) -> None:
        """Drop the connection."""
        self._playing = False
        if self._camera:
            self._camera.viewers.discard(self)
        for outlet in self._outlets.values():
            outlet.close()
        self._outlets.clear()
        self._writer.transport.abort()

    # --- requests -------------------------------------------------------------------------------

    async def _next(self) -> Request | None:
        while (first := await self._reader.readexactly(1)) == b"$":
            head = await self._reader.readexactly(3)
            await self._reader.readexactly(int.from_bytes(head[1:], "big"))
        return await read_request(self._reader, first)

    def _answer(self, request: Request) -> bool:
        self._enter(self._find(request.path))
        camera = self._camera
        if camera and camera.faults.muted:
            return True
        if request.method == "OPTIONS":
            return self._reply(request, extra=[f"Public: {_METHODS}"])
        if camera is None:
            return self._reply(request, "404 Not Found")
        if not camera.gate.admits(request.method, request.authorization):
            return self._reply(request, "401 Unauthorized", camera.gate.challenge())
        return self._serve(camera, request)

    def _enter(self, camera: Camera | None) -> None:
        if camera is None or camera is self._camera:
            return
        if self._camera:
            self._camera.viewers.discard(self)
        self._camera = camera
        camera.viewers.add(self)

    def _serve(self, camera: Camera, request: Request) -> bool:
        session = f"Session: {self._id};timeout=60"
        match request.method:
            case "DESCRIBE":
                base = f"Content-Base: {request.url.rstrip('/')}/"
                return self._reply(request, extra=[base], body=camera.describe())
            case "SETUP":
                status, extra = self._set_up(camera, request)
                return self._reply(request, status, [*extra, session] if extra else [])
            case "PLAY":
                return self._play(camera, request, session)
            case "PAUSE":
                self._playing = False
                return self._reply(request, extra=[session])
            case "GET_PARAMETER" | "SET_PARAMETER":
                return self._reply(request, extra=[session])
            case "TEARDOWN":
                self._reply(request, extra=[session])
                return False
        return self._reply(request, "501 Not Implemented")

    def _set_up(self, camera: Camera, request: Request) -> tuple[str, list[str]]:
        named = re.search(r"trackID=(\d+)", request.url)
        index, want = int(named[1]) if named else 0, request.headers.get("transport", "")
        if index >= len(camera.tracks):
            return "404 Not Found", []
        if "/TCP" in want and camera.spec.transport is not Transport.UDP:
            channels = _numbers(want, "interleaved") or (2 * index, 2 * index + 1)
            self._outlets[index] = Interleaved(self._writer.transport, index, channels)
            return "200 OK", [f"Transport: RTP/AVP/TCP;unicast;interleaved={channels[0]}-{channels[1]}"]
        ports = _numbers(want, "client_port")
        if "/TCP" in want or ports is None or camera.spec.transport is Transport.TCP or "multicast" in want:
            return "461 Unsupported Transport", []
        outlet = Datagrams(self._host, self._writer.get_extra_info("peername")[0], ports)
        self._outlets[index] = outlet
        own = "-".join(map(str, outlet.ports))
        return "200 OK", [f"Transport: RTP/AVP;unicast;client_port={ports[0]}-{ports[1]};server_port={own}"]

    def _play(self, camera: Camera, request: Request, session: str) -> bool:
        base = request.url.rstrip("/")
        info = ",".join(
            f"url={base}/trackID={live.index};seq={live.sequence};rtptime={live.timestamp}"
            for live in camera.tracks
            if live.index in self._outlets
        )
        self._reply(request, extra=["Range: npt=now-", f"RTP-Info: {info}", session])
        self._playing = True
        camera.report(self)
        return True

    def _reply(
        self, request: Request, status: str = "200 OK", extra: list[str] | None = None, body: str = ""
    ) -> bool:
        lines = [
            f"RTSP/1.0 {status}",
            f"CSeq: {request.headers.get('cseq', '0')}",
            "Server: fakecam",
            *(extra or []),
        ]
        if body:
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return True


async def read_request(reader: asyncio.StreamReader, first: bytes = b"") -> Request:
    """Read one request of RTSP or HTTP with its body, which is dropped."""
    raw = first + await reader.readuntil(b"\r\n\r\n")
    lines = raw.decode(errors="replace").strip().split("\r\n")
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = headers.get("content-length", "0")
    await reader.readexactly(int(length) if length.isdigit() else 0)
    method, url, version = [*lines[0].split(" "), "", ""][:3]
    return Request(method, url, version, headers)


def _numbers(text: str, name: str) -> tuple[int, int] | None:
    found = re.search(rf"{name}=(\d+)(?:-(\d+))?", text)
    return (int(found[1]), int(found[2] or int(found[1]) + 1)) if found else None


CONNECTION_ENDS = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError)
"""What reading from a client raises when it is gone or talks nonsense."""


async def swallow(reader: asyncio.StreamReader) -> None:
    """Read and forget until the client goes."""
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
