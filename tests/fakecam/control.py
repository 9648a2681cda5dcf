"""The control port: faults over HTTP, GET or POST, answers in JSON.

/status
/certificate.pem what the cameras with TLS show, for a client that verifies it
/NAME/status
/NAME/stall      no more packets, connections stay open (frozen camera)
/NAME/hang       no more pictures and sound, but sender reports go on (hung encoder)
/NAME/resume     undo stall, hang, mute, quiet, loss and timestamps
/NAME/mute       accept connections but never answer (hung camera)
/NAME/kick       close the camera's connections (clients may come back)
/NAME/down       kick, and refuse connections (camera unplugged)
/NAME/up         undo down
/NAME/loss?p=.1  drop packets
/NAME/quiet      the sound stops;  /NAME/sound  it comes back
/NAME/timestamps?mode=frozen|jitter|normal[&seconds=.5]
/NAME/shift?seconds=-5   RTP timestamps jump by so much, once
/NAME/play?file=F or ?scene=JSON   another film from now on, without a new DESCRIBE, as after a change of the
                 camera's settings; with &kick=1 clients have to connect anew
/NAME/restart    encoder anew: timestamps and sequence numbers start elsewhere, the film from its start
/NAME/snapshot.jpg   a still
"""

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import msgspec

from fakecam.camera import Camera
from fakecam.faults import Timestamps
from fakecam.samples import UnservableError
from fakecam.scene import Scene
from fakecam.session import CONNECTION_ENDS, read_request
from fakecam.spec import Params
from fakecam.station import Station
from fakecam.tls import public_certificate
from fakecam.web import still

type Answer = tuple[int, str, bytes]
type Query = dict[str, str]


class UnknownActionError(LookupError):
    """There is no such camera or action."""


class Control:
    """Serves the control port of a station."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._client, self._station.host, port)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*CONNECTION_ENDS):
            request = await read_request(reader)
            code, content_type, body = await self._answer(request.url)
            head = f"HTTP/1.1 {code} -\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()

    async def _answer(self, url: str) -> Answer:
        parts = urlsplit(url)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        words = parts.path.strip("/").split("/")
        try:
            if words in ([""], ["status"]):
                host = self._station.host
                return _json(
                    200, {name: camera.status(host) for name, camera in self._station.cameras.items()}
                )
            if words == ["certificate.pem"]:
                return 200, "application/x-pem-file", public_certificate(self._station.host).encode()
            camera = self._camera(words)
            if words[1] == "snapshot.jpg":
                return 200, "image/jpeg", await asyncio.to_thread(still, camera.reel.path)
            done = await self._do(camera, words[1], query)
            return _json(200, camera.status(self._station.host) | done)
        except UnknownActionError as err:
            return _json(404, {"error": f"no such camera or action: {err}"})
        except (ValueError, OSError, msgspec.MsgspecError, av.FFmpegError, UnservableError) as err:
            return _json(400, {"error": str(err)})

    def _camera(self, words: list[str]) -> Camera:
        if len(words) != 2 or words[0] not in self._station.cameras:
            raise UnknownActionError("/".join(words))
        return self._station.cameras[words[0]]

    async def _do(self, camera: Camera, action: str, query: Query) -> dict[str, Any]:
        match action:
            case "status":
                pass
            case "kick":
                return {"kicked": camera.cut_all()}
            case "down" | "up":
                await self._station.replug(camera, down=action == "down")
            case "play":
                return await self._play(camera, query)
            case "restart":
                camera.restart()
            case _:
                _set(camera, action, query)
        return {}

    async def _play(self, camera: Camera, query: Query) -> dict[str, Any]:
        source: Scene | str = query.get("file", str(camera.reel.path))
        if "scene" in query:
            source = msgspec.json.decode(query["scene"], type=Scene)
        # What the SDP said no longer holds, so the parameter sets must be in the stream.
        params = camera.spec.params if camera.spec.params is not Params.SDP else Params.BOTH
        camera.play(await self._station.reel(source, params))
        return {"kicked": camera.cut_all()} if query.get("kick") else {}


def _set(camera: Camera, action: str, query: Query) -> None:
    faults = camera.faults
    match action:
        case "stall":
            faults.stalled = True
        case "mute":
            faults.muted = faults.stalled = True
        case "hang":
            faults.hung = True
        case "resume":
            faults.stalled = faults.hung = faults.muted = faults.silent = False
            faults.loss, faults.timestamps = 0.0, Timestamps.NORMAL
        case "loss":
            faults.loss = float(query.get("p", 0))
        case "quiet" | "sound":
            faults.silent = action == "quiet"
        case "timestamps":
            faults.timestamps = Timestamps(query.get("mode", "normal"))
            faults.jitter_s = float(query.get("seconds", 0.5))
        case "shift":
            for live in camera.tracks:
                live.shift(float(query.get("seconds", 0)))
        case _:
            raise UnknownActionError(action)


def _json(code: int, value: dict[str, Any]) -> Answer:
    return code, "application/json", json.dumps(value).encode()
