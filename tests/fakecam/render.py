"""A scene's pictures, one after the other, as planes of YUV 4:2:0."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from fakecam import figure
from fakecam.places import Picture, lit, paint
from fakecam.scene import Scene, Switch
from fakecam.timecode import Plane, write_timecode

_MARGIN = 160


@dataclass(frozen=True, slots=True)
class _Light:
    night: bool
    lamp: bool
    infrared: bool

    @property
    def on_clothes(self) -> float:
        if self.infrared:
            return 1.25
        return (0.62 if self.lamp else 0.2) if self.night else 1.0


class Renderer:
    """Paints a scene. The same scene gives the same pictures."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._random = np.random.default_rng(scene.seed)
        self._day = paint(scene.place, scene.width, scene.height, scene.seed)
        self._grounds: dict[_Light, tuple[Picture, Plane]] = {}
        size = (scene.height + _MARGIN, scene.width + _MARGIN)
        field = self._random.normal(0, scene.noise, size)
        self._brighter = np.clip(field, 0, 255).astype(np.uint8)
        self._darker = np.clip(-field, 0, 255).astype(np.uint8)
        self._drift = self._random.uniform(0, 2 * math.pi, 4)

    def pictures(self) -> Iterator[Plane]:
        """Yield every picture of the loop: (height * 3/2, width), Y over U over V."""
        for index in range(self._scene.frames):
            yield self.picture(index)

    def picture(self, index: int) -> Plane:
        """Return picture number `index` of the loop."""
        scene, at_s = self._scene, index / self._scene.fps
        light = _Light(scene.night, _state(scene.lamp, at_s), _state(scene.infrared, at_s))
        ground, planes = self._ground(light)
        sheet = planes.copy()
        luma, u, v = _split(sheet, scene.width, scene.height)
        for walk in scene.walks:
            if pose := figure.pose(walk, at_s, scene.width, scene.height):
                self._place(pose, ground, (luma, u, v), light)
        self._weather(luma, at_s)
        self._add_noise(luma)
        write_timecode(luma, u, v, scene.timecode(index), scene.ink)
        return sheet

    def _ground(self, light: _Light) -> tuple[Picture, Plane]:
        if light not in self._grounds:
            ground = lit(self._day, night=light.night, lamp=light.lamp, infrared=light.infrared)
            self._grounds[light] = ground, _as_plane(cv2.cvtColor(ground, cv2.COLOR_BGR2YUV_I420))
        return self._grounds[light]

    def _place(
        self, pose: figure.Pose, ground: Picture, planes: tuple[Plane, Plane, Plane], light: _Light
    ) -> None:
        scene = self._scene
        if (box := pose.box(scene.width, scene.height)) is None:
            return
        left, top, right, bottom = box
        patch = ground[top:bottom, left:right].copy()
        figure.draw(patch, left, top, pose, light.on_clothes)
        if light.infrared:
            patch = _as_plane(cv2.cvtColor(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
        drawn = _as_plane(cv2.cvtColor(patch, cv2.COLOR_BGR2YUV_I420))
        parts = _split(drawn, right - left, bottom - top)
        planes[0][top:bottom, left:right] = parts[0]
        for plane, part in zip(planes[1:], parts[1:], strict=True):
            plane[top // 2 : bottom // 2, left // 2 : right // 2] = part

    def _weather(self, luma: Plane, at_s: float) -> None:
        scene = self._scene
        if scene.exposure or scene.clouds:
            turn = 2 * math.pi * at_s / scene.seconds
            gain = (
                1
                + scene.exposure * math.sin(2 * turn)
                + scene.clouds * 0.5 * math.sin(3 * turn + self._drift[0])
            )
            cv2.convertScaleAbs(luma, luma, gain)
        if scene.clouds:
            self._cloud(luma, at_s)
        for _ in range(round(scene.rain * 220)):
            self._drop(luma)
        for number in range(scene.insects):
            self._insect(luma, number, at_s)

    def _cloud(self, luma: Plane, at_s: float) -> None:
        """Darken a wide soft band that moves across the picture once per loop."""
        width = luma.shape[1]
        x = np.arange(width, dtype=np.float32) / width
        centre = -0.6 + 2.2 * at_s / self._scene.seconds
        band = 1 - self._scene.clouds * np.exp(-(((x - centre) / 0.35) ** 2))
        luma[:] = (luma * band[None, :]).astype(np.uint8)

    def _drop(self, luma: Plane) -> None:
        height, width = luma.shape
        x, y = int(self._random.integers(width)), int(self._random.integers(height))
        end = (x + max(1, width // 260), y + max(3, height // 26))
        level = int(self._random.integers(150, 215))
        cv2.line(luma, (x, y), end, level, 1, cv2.LINE_AA)

    def _insect(self, luma: Plane, number: int, at_s: float) -> None:
        height, width = luma.shape
        turn = at_s * (0.9 + 0.31 * number) + float(self._drift[number % 4]) + number
        x = 0.5 + 0.42 * math.sin(turn) * math.cos(0.37 * turn)
        y = 0.45 + 0.36 * math.sin(1.7 * turn)
        size = max(1, round(height * (0.006 + 0.004 * math.sin(3 * turn))))
        cv2.circle(luma, (round(x * width), round(y * height)), size, 225, -1, cv2.LINE_AA)

    def _add_noise(self, luma: Plane) -> None:
        if not self._scene.noise:
            return
        height, width = luma.shape
        y, x = (int(self._random.integers(_MARGIN)) for _ in range(2))
        window = slice(y, y + height), slice(x, x + width)
        cv2.add(luma, self._brighter[window], luma)
        cv2.subtract(luma, self._darker[window], luma)


def _state(switches: tuple[Switch, ...], at_s: float) -> bool:
    ordered = sorted(switches, key=lambda switch: switch.at_s)
    state = not ordered[0].on if ordered else False
    for switch in ordered:
        if switch.at_s <= at_s:
            state = switch.on
    return state


def _split(sheet: Plane, width: int, height: int) -> tuple[Plane, Plane, Plane]:
    """Return views of Y, U and V of an I420 sheet."""
    flat = sheet.reshape(-1)
    pixels, quarter = width * height, width * height // 4
    return (
        flat[:pixels].reshape(height, width),
        flat[pixels : pixels + quarter].reshape(height // 2, width // 2),
        flat[pixels + quarter :].reshape(height // 2, width // 2),
    )


def _as_plane(picture: Any) -> Plane:
    plane: Plane = np.ascontiguousarray(picture, np.uint8)
    return plane
