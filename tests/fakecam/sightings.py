"""When somebody is to be seen in a scene, to the very frame: what motion and pre-roll are held against."""

from dataclasses import dataclass

import numpy as np

from fakecam import figure
from fakecam.scene import Scene, Walk


@dataclass(frozen=True, slots=True)
class Sighting:
    """The time codes (ms) of the first and the last picture in which any of a walker is to be seen."""

    first_ms: int
    last_ms: int


def sightings(scene: Scene) -> tuple[Sighting, ...]:
    """Return when each walk of a scene is to be seen, in order; walks beside the picture are left out."""
    found = []
    for walk in sorted(scene.walks, key=lambda each: each.at_s):
        frames = [index for index in range(scene.frames) if _may_show(scene, walk, index)]
        first = next((index for index in frames if _shows(scene, walk, index)), None)
        last = next((index for index in reversed(frames) if _shows(scene, walk, index)), None)
        if first is not None and last is not None:
            found.append(Sighting(scene.timecode(first), scene.timecode(last)))
    return tuple(found)


def _may_show(scene: Scene, walk: Walk, index: int) -> bool:
    return 0 <= index / scene.fps - walk.at_s < walk.seconds


def _shows(scene: Scene, walk: Walk, index: int) -> bool:
    pose = figure.pose(walk, index / scene.fps, scene.width, scene.height)
    if pose is None or (box := pose.box(scene.width, scene.height)) is None:
        return False
    left, top, right, bottom = box
    blank = np.full((bottom - top, right - left, 3), 128, np.uint8)
    drawn = blank.copy()
    figure.draw(drawn, left, top, pose, 1.0)
    return bool((np.abs(drawn.astype(np.int16) - blank) > 8).any())
