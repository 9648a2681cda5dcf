"""The camera over HTTP: `/name.mjpg` (multipart JPEG), `/name.ts` (MPEG-TS) and `/name.jpg` (a still)."""

import asyncio
import contextlib
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Protocol

import av

from fakecam.camera import Camera
from fakecam.live import Due
from fakecam.outlets import MAX_BUFFER
from fakecam.reel import Kind
from fakecam.samples import Samples, read_samples
from fakecam.session import Request, swallow
from fakecam.transport_stream import TransportStream

_BOUNDARY = "fakecam-frame"


class Wrapper(Protocol):
    """Makes a stream's bytes for HTTP."""

    content_type: str

    def wrap(self, kind: Kind, due: Due) -> bytes:
        """Return what is to be sent for a unit, maybe nothing."""


class Multipart:
    """One JPEG after the other."""

    content_type = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"

    def __init__(self, samples: Samples) -> None:
        self._frames = samples.frames

    def wrap(self, kind: Kind, due: Due) -> bytes:
        """Return a part with the JPEG of this unit."""
        if kind is not Kind.VIDEO:
            return b""
        data = self._frames[due.index].data
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data + b"\r\n"


class WebViewer:
    """Somebody who watches over HTTP."""

    def __init__(self, camera: Camera, writer: asyncio.StreamWriter, wrapper: Wrapper) -> None:
        self._camera, self._transport, self._wrapper = camera, writer.transport, wrapper
        self._reel = camera.reel

    def send(self, track: int, packets: bytearray, starts: tuple[int, ...], *, key: bool) -> None:
        """Nothing: RTP is not for the web."""

    def send_report(self, track: int, report: bytes) -> None:
        """Nothing: RTCP is not for the web."""

    def show(self, kind: Kind, due: Due) -> None:
        """Send what is due; another film ends the stream, as nothing told the client of it."""
        if self._camera.reel is not self._reel:
            self.cut()
        elif self._transport.get_write_buffer_size() <= MAX_BUFFER:
            self._transport.write(self._wrapper.wrap(kind, due))

    def cut(self) -> None:
        """Drop the connection."""
        self._camera.viewers.discard(self)
        self._transport.abort()


async def serve_web(
    camera: Camera | None, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one HTTP request; a stream goes on until the client leaves."""
    kind = request.path.rpartition(".")[2]
    if camera is None or kind not in {"mjpg", "ts", "jpg"}:
        return await _refuse(writer, "404 Not Found")
    if not camera.gate.admits(request.method, request.authorization):
        return await _refuse(writer, "401 Unauthorized", camera.gate.challenge())
    if kind == "jpg":
        return await _whole(writer, "image/jpeg", await asyncio.to_thread(still, camera.reel.path))
    codec = camera.reel.tracks[0].codec
    if (kind == "mjpg") is not (codec == "mjpeg"):
        return await _refuse(writer, f"404 Not {kind}, the pictures are {codec}")
    await _stream(camera, await asyncio.to_thread(_wrapper, kind, camera.reel.path), reader, writer)
    return None


def still(path: Path) -> bytes:
    """Return the first picture of a film as JPEG."""
    out = BytesIO()
    with av.open(str(path)) as film, av.open(out, "w", format="mjpeg") as jpeg:
        frame = next(film.decode(video=0))
        stream = jpeg.add_stream("mjpeg", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        picture = frame.reformat(format="yuvj420p")
        picture.pts = 0
        jpeg.mux(stream.encode(picture))
        jpeg.mux(stream.encode(None))
    return out.getvalue()


@lru_cache(maxsize=8)
def samples_of(path: Path) -> dict[Kind, Samples]:
    """Return a film's frames as they were encoded."""
    found = {}
    for kind in Kind:
        with av.open(str(path)) as film:
            for stream in [stream for stream in film.streams if stream.type == kind][:1]:
                found[kind] = read_samples(film, stream)
    return found


def _wrapper(kind: str, path: Path) -> Wrapper:
    samples = samples_of(path)
    return Multipart(samples[Kind.VIDEO]) if kind == "mjpg" else TransportStream(path, samples)


async def _stream(
    camera: Camera, wrapper: Wrapper, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(_head("200 OK", [f"Content-Type: {wrapper.content_type}"]))
    await writer.drain()
    viewer = WebViewer(camera, writer, wrapper)
    camera.viewers.add(viewer)
    try:
        await swallow(reader)
    finally:
        viewer.cut()


async def _refuse(writer: asyncio.StreamWriter, status: str, extra: list[str] | None = None) -> None:
    writer.write(_head(status, ["Content-Length: 0", *(extra or [])]))
    await _finish(writer)


async def _whole(writer: asyncio.StreamWriter, content_type: str, body: bytes) -> None:
    writer.write(_head("200 OK", [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]) + body)
    await _finish(writer)


async def _finish(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _head(status: str, lines: list[str]) -> bytes:
    return "\r\n".join(
        [f"HTTP/1.1 {status}", "Server: fakecam", "Connection: close", *lines, "", ""]
    ).encode()
