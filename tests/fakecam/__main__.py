"""Fake IP cameras from a shell: `python -m fakecam [--control 127.0.0.1:8590] CAMERA …`.

CAMERA is NAME=SOURCE[,key=value…]. SOURCE is a video file, or a generated scene: `yard`, `yard-sub`, `quiet`,
`quiet-sub` or `small`. Keys are those of a camera (port, path, user, password, auth, tls, start, transport,
params, loss, wrap_in_s, sender_reports); the port is 8554 unless given, 0 takes a free one. For faults see
`fakecam.control`.
`--make FOLDER` makes sample films and ends.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from fakecam import studio
from fakecam.control import Control
from fakecam.scene import AudioCodec, Scene, VideoCodec
from fakecam.spec import CameraSpec
from fakecam.station import serving

_SAMPLES = {
    "h264-aac-720p": Scene(1280, 720, seconds=12, bit_rate=1_500_000, audio=AudioCodec.AAC),
    "h264-360p": Scene(seconds=12),
    "h264-pcma-360p": Scene(seconds=12, audio=AudioCodec.PCMA),
    "h265-aac-720p": Scene(
        1280, 720, seconds=12, bit_rate=900_000, codec=VideoCodec.HEVC, audio=AudioCodec.AAC
    ),
}


def parse_camera(text: str) -> CameraSpec:
    """Return the camera that a word of the command line describes. Raises argparse.ArgumentTypeError."""
    name, _, rest = text.partition("=")
    source, *pairs = rest.split(",")
    keys: dict[str, Any] = {"port": 8554} | dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    try:
        changes = msgspec.convert({"name": name, **keys}, CameraSpec, strict=False)
    except msgspec.ValidationError as err:
        raise argparse.ArgumentTypeError(f"{name}: {err}") from err
    named = {key: getattr(changes, key) for key in keys if hasattr(changes, key)}
    if unknown := keys.keys() - named.keys():
        raise argparse.ArgumentTypeError(f"{name}: no such key: {', '.join(sorted(unknown))}")
    return replace(_source(name, source), **named)


def _source(name: str, source: str) -> CameraSpec:
    match source:
        case "yard" | "yard-sub":
            return CameraSpec.yard(
                name, sub=source == "yard-sub", audio=None if source == "yard-sub" else "pcm_alaw"
            )
        case "quiet" | "quiet-sub":
            return CameraSpec.quiet(main=source == "quiet", name=name)
        case "small":
            return CameraSpec.small(name)
    if not Path(source).is_file():
        raise argparse.ArgumentTypeError(f"{name}: no file and no scene named {source!r}")
    return CameraSpec(name, file=source)


def make(folder: Path) -> None:
    """Make sample films in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in _SAMPLES.items():
        (folder / f"{name}.mov").write_bytes(studio.film(scene).read_bytes())
        print(folder / f"{name}.mov")


async def serve(specs: Sequence[CameraSpec], host: str, port: int, *, lifeline: bool) -> None:
    """Serve until told to end; with `lifeline` also when the standard input ends."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if lifeline:
        loop.add_reader(sys.stdin, ended.set)
    async with serving(specs, host) as station:
        control = Control(station)
        listening = await control.open(port)
        if lifeline:
            print(json.dumps({"control": listening}), flush=True)
        else:
            for camera in station.cameras.values():
                print(camera.address(host), flush=True)
        await ended.wait()
        control.close()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m fakecam", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("cameras", nargs="*", type=parse_camera, metavar="CAMERA")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--control", default="127.0.0.1:8590", metavar="HOST:PORT")
    parser.add_argument("--make", type=Path, metavar="FOLDER")
    parser.add_argument("--specs-from-stdin", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="fakecam: %(message)s")
    if asked.make:
        make(asked.make)
        return 0
    specs = asked.cameras
    if asked.specs_from_stdin:
        specs = msgspec.json.decode(sys.stdin.buffer.readline(), type=list[CameraSpec])
    port = int(asked.control.rpartition(":")[2])
    asyncio.run(serve(specs, asked.host, port, lifeline=asked.specs_from_stdin))
    return 0


if __name__ == "__main__":
    sys.exit(main())
