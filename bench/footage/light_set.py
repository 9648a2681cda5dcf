"""Scenes in which only light (or weather, or the sensor) changes, and the same with somebody walking in.

Everything follows from (kind, seed, with walker): the same picture on every machine but for the encoder's
rounding. A world's reflectance is lit, exposed as a camera would (automatic gain with a time constant), given
sensor noise, clipped, encoded as a sub-stream (H.264, a few hundred kbit/s) and decoded again.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from bench.footage.scenery import (
    HEIGHT,
    WIDTH,
    Plane,
    Walker,
    grain,
    hard_shadows,
    in_infrared,
    room,
    spot,
    walker,
    yard,
)

FPS: Final = 10
LENGTH_S: Final = 24.0
CHANGE_S: Final = 9.0
"""When the light changes, where it changes at one time."""


class Kind(StrEnum):
    """What happens to the light."""

    LAMP = "lamp"
    PORCH_LAMP = "porch_lamp"
    DIMMER = "dimmer"
    INFRARED = "infrared"
    EXPOSURE = "exposure"
    CLOUDS = "clouds"
    TUBE = "tube"
    NOISE = "noise"
    RAIN = "rain"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class Scene:
    """One generated scene. `walk_s`: when somebody enters, None if nobody does."""

    kind: Kind
    seed: int
    walk_s: float | None
    frames: Callable[[], Iterator[tuple[float, NDArray[np.uint8]]]]


def _step(at_s: float, start_s: float, length_s: float) -> float:
    return min(max((at_s - start_s) / max(length_s, 1e-3), 0.0), 1.0)


class _World:
    """One scene's fixed choices: world, light, weather."""

    def __init__(self, kind: Kind, seed: int, person: Walker | None, rng: np.random.Generator, ground: Plane):
        self.kind, self.person, self.rng, self.ground = kind, person, rng, ground
        self.infrared = in_infrared(ground, rng)
        self.shadows = hard_shadows(rng)
        at = (float(rng.uniform(60, WIDTH - 60)), float(rng.uniform(20, HEIGHT * 0.8)))
        reach = {Kind.PORCH_LAMP: rng.uniform(40, 90)}.get(kind, rng.uniform(250, 500))
        self.lamp = spot(*at, float(reach)) * self.shadows * np.float32(rng.uniform(0.8, 2.0))
        cover = grain(rng, 300)  # shadows of clouds are larger than a yard and soft
        self.sky = np.hstack([cover, cover[:, ::-1]])
        self.wind_px_s = float(rng.uniform(20, 90))
        self.tree = np.clip(grain(rng, 90) - 0.6, 0, 1).astype(np.float32)
        night = kind in (Kind.NOISE, Kind.PORCH_LAMP)
        self.ambient = float(
            rng.uniform(0.1, 0.2) if kind in (Kind.LAMP, Kind.DIMMER) else 0.25 if night else 1.0
        )
        self.noise = float(rng.uniform(4, 9) if night else rng.uniform(1.0, 3.0))
        self.speckle = [rng.standard_normal((HEIGHT + 32, WIDTH + 32)).astype(np.float32) for _ in range(3)]
        self.off_s = CHANGE_S + float(rng.uniform(7, 11))

    def reflectance(self, at_s: float) -> Plane:
        plane = self.infrared if self.kind is Kind.INFRARED and at_s >= CHANGE_S + 0.3 else self.ground
        if self.kind is Kind.LEAVES:
            plane = self._swayed(plane, at_s)
        return plane if self.person is None else self.person.draw(plane, at_s)

    def _swayed(self, plane: Plane, at_s: float) -> Plane:
        sway = 1.5 * np.sin(2 * np.pi * 0.4 * at_s) + 1.0 * np.sin(2 * np.pi * 1.1 * at_s + 1)
        moved = np.roll(plane, round(sway * 2), axis=1)
        return (plane * (1 - self.tree) + moved * self.tree).astype(np.float32)

    def light(self, at_s: float) -> Plane | float:
        match self.kind:
            case Kind.LAMP | Kind.PORCH_LAMP:
                on = CHANGE_S <= at_s < self.off_s
                return self.ambient + self.lamp if on else self.ambient
            case Kind.DIMMER:
                up, down = _step(at_s, CHANGE_S, 1.5), _step(at_s, self.off_s, 2.0)
                return self.ambient + self.lamp * np.float32(up - down)
            case Kind.CLOUDS:
                shift = int(at_s * self.wind_px_s) % (2 * WIDTH)
                cover = np.roll(self.sky, -shift, axis=1)[:, :WIDTH]
                return (1.0 - 0.5 / (1.0 + np.exp(-2.5 * cover))).astype(np.float32)
            case Kind.TUBE:
                rows = np.sin(np.linspace(0, 5, HEIGHT) + 7.1 * at_s)[:, None].astype(np.float32)
                return 1.0 + 0.04 * rows
        return self.ambient

    def weather(self, picture: Plane, at_s: float) -> None:
        if self.kind is Kind.RAIN:
            for _ in range(60):
                x, y = int(self.rng.integers(0, WIDTH)), int(self.rng.integers(-20, HEIGHT))
                long = int(self.rng.integers(6, 26))
                cv2.line(picture, (x, y), (x - long // 6, y + long), float(self.rng.uniform(150, 230)), 1)

    def sensed(self, light: Plane, gain: float, number: int) -> NDArray[np.uint8]:
        dx, dy = (int(v) for v in self.rng.integers(0, 32, 2))
        noise = self.speckle[number % 3][dy : dy + HEIGHT, dx : dx + WIDTH]
        exposed = 255.0 * np.power(np.clip(light * gain, 0, 1), 0.6) + self.noise * noise
        self.weather(exposed, number / FPS)
        return np.clip(exposed, 0, 255).astype(np.uint8)


def _exposed(world: _World, hunting: float) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures as a camera with automatic exposure would take them."""
    gain: float | None = None
    for number in range(int(LENGTH_S * FPS)):
        at_s = number / FPS
        light = (world.reflectance(at_s) * world.light(at_s)).astype(np.float32)
        wanted = 0.3 / max(0.01, float(light.mean()))
        wanted = min(wanted, 1.6 if world.kind in (Kind.LAMP, Kind.DIMMER, Kind.PORCH_LAMP) else 4.0)
        gain = wanted if gain is None else gain + (wanted - gain) * (1 - np.exp(-1 / (FPS * 0.8)))
        shown = gain
        if world.kind is Kind.EXPOSURE:
            shown *= _hunted(at_s, hunting)
        if world.kind is Kind.INFRARED and CHANGE_S <= at_s < CHANGE_S + 0.3:
            shown *= 0.02
        yield world.sensed(light, shown, number)


def _hunted(at_s: float, hunting: float) -> float:
    slow = 1 + 0.35 * _step(at_s, 6, 2.5) - 0.45 * _step(at_s, 12, 4.0)
    return slow * (1 + hunting * (int(at_s * 2) % 7 == 3)) * (1.2 if at_s > 18 else 1.0)


def _encoded(pictures: Iterator[NDArray[np.uint8]]) -> bytes:
    sink = io.BytesIO()
    with av.open(sink, "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, "yuv420p", 2 * FPS
        stream.thread_count, stream.bit_rate = 1, 400_000
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "maxrate": "600k", "bufsize": "600k"}
        grey = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.vstack([picture, grey]), format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return sink.getvalue()


def decoded(data: bytes) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield (seconds, luma (height, width)) of an encoded scene."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            plane = frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            yield number / FPS, rows[: frame.height, : frame.width]


INDOORS: Final = (Kind.LAMP, Kind.DIMMER, Kind.TUBE)


def scene(kind: Kind, seed: int, *, walks: bool) -> Scene:
    """Return one scene. Outdoors people are 3…12 % of the picture's height, indoors 15…50 %.

    Where the light changes at one time, the person enters within 0.3 s of it.
    """
    rng = np.random.default_rng([seed, list(Kind).index(kind), int(walks)])
    ground = room(rng) if kind in INDOORS else yard(rng)
    person, walk_s = None, None
    if walks:
        at_once = kind in (Kind.LAMP, Kind.PORCH_LAMP, Kind.DIMMER, Kind.INFRARED)
        walk_s = CHANGE_S + float(rng.uniform(-0.3, 0.3) if at_once else rng.uniform(-2, 3))
        person = walker(rng, ground, walk_s, (0.15, 0.5) if kind in INDOORS else (0.03, 0.12))
    world = _World(kind, seed, person, rng, ground)
    hunting = float(rng.uniform(0.05, 0.12))
    return Scene(kind, seed, walk_s, lambda: decoded(_encoded(_exposed(world, hunting))))


def light_set(seeds: range) -> Iterator[Scene]:
    """Yield every kind for every seed, without and with somebody."""
    for seed in seeds:
        for kind in Kind:
            yield scene(kind, seed, walks=False)
            yield scene(kind, seed, walks=True)
