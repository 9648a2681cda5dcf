"""All fake cameras of one process, on their ports, with the control port beside them."""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fakecam import studio
from fakecam.camera import Camera
from fakecam.reel import Reel, load
from fakecam.scene import Scene
from fakecam.session import CONNECTION_ENDS, Session, read_request, swallow
from fakecam.spec import CameraSpec, Params
from fakecam.tls import server_context
from fakecam.web import serve_web

log = logging.getLogger(__name__)

_LINE_LIMIT = 1 << 20


class Port:
    """A listening port with the cameras on it."""

    def __init__(self, host: str, cameras: list[Camera], tls: ssl.SSLContext | None) -> None:
        self.cameras = cameras
        self._host, self._tls = host, tls
        self._server: asyncio.Server | None = None

    async def sync(self) -> None:
        """Listen, unless every camera here is unplugged."""
        down = all(camera.faults.down for camera in self.cameras)
        if down and self._server:
            self._server.close()
            self._server = None
        elif not down and self._server is None:
            port = self.cameras[0].port
            self._server = await asyncio.start_server(
                self._client, self._host, port, limit=_LINE_LIMIT, ssl=self._tls, reuse_address=True
            )
            for camera in self.cameras:
                camera.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    def find(self, path: str) -> Camera | None:
        """Return the camera whose path this is, or begins with."""
        path = path.rstrip("/")
        for camera in self.cameras:
            own = camera.spec.request_path
            if path == own or path.startswith((f"{own}/", f"{own}.")):
                return camera
        return None

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*CONNECTION_ENDS):
            if all(camera.faults.muted for camera in self.cameras):
                await swallow(reader)
            else:
                request = await read_request(reader)
                if request.version.startswith("HTTP/"):
                    await serve_web(self.find(request.path), request, reader, writer)
                else:
                    await Session(self.find, self._host, reader, writer).run(request)
        writer.transport.abort()


class Station:
    """Serves cameras on the running event loop."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.cameras: dict[str, Camera] = {}
        self._ports: dict[int, Port] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, specs: Sequence[CameraSpec]) -> None:
        """Start serving; the scenes are made first where they are not kept yet."""
        for spec in specs:
            if spec.name in self.cameras:
                raise ValueError(f"two cameras are named {spec.name}")
            reel = await self.reel(spec.file or spec.scene, spec.params)
            camera = self.cameras[spec.name] = Camera(spec, reel)
            shared = self._ports.get(spec.port) if spec.port else None
            if shared:
                shared.cameras.append(camera)
                camera.port = spec.port
                continue
            port = Port(self.host, [camera], server_context(self.host) if spec.tls else None)
            await port.sync()
            self._ports[camera.port] = port
        began_ns = time.monotonic_ns()  # one moment for all: main and sub stream show the same
        for camera in self.cameras.values():
            camera.restart(began_ns)
            self._tasks.append(asyncio.create_task(camera.run()))

    def close(self) -> None:
        """Stop serving and drop all clients."""
        for task in self._tasks:
            task.cancel()
        for camera in self.cameras.values():
            camera.cut_all()
        for port in self._ports.values():
            port.close()

    async def reel(self, source: str | Scene, params: Params) -> Reel:
        """Return a file or a scene as a reel, without holding up those who are being served."""
        return await asyncio.to_thread(_prepare, source, params)

    async def replug(self, camera: Camera, *, down: bool) -> None:
        """Unplug a camera, or plug it in again."""
        camera.faults.down = down
        await self._ports[camera.port].sync()
        if down:
            camera.cut_all()


@asynccontextmanager
async def serving(specs: Sequence[CameraSpec], host: str = "127.0.0.1") -> AsyncIterator[Station]:
    """Serve cameras while the block runs."""
    station = Station(host)
    try:
        await station.open(specs)
        yield station
    finally:
        station.close()


def _prepare(source: str | Scene, params: Params) -> Reel:
    path = studio.film(source) if isinstance(source, Scene) else studio.servable(Path(source))
    return load(path, params)
