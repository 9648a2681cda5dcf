"""A film played as long as is needed, and as a camera would send it that was tampered with."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vigilar.bus.messages import ConditionKind
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import ConditionSettings
from vigilar.look.condition import ConditionJudge
from vigilar.look.picture import shrink

type Luma = NDArray[np.uint8]
type Alter = Callable[[Luma, float], Luma]
"""Makes of a picture what the camera sends so many seconds after the tampering."""

LOOKS_PER_S: Final = 2
KEY_EVERY: Final = 4
"""Looks from one key frame to the next: two seconds."""


class Harm(StrEnum):
    """What is done to the camera."""

    FREEZE = "freeze"
    HAND = "hand"
    PAINT = "paint"
    BAG = "bag"
    BLUR = "blur"
    NUDGE = "nudge"
    ROLL = "roll"
    TURN = "turn"


TELLS: Final = {
    Harm.FREEZE: ConditionKind.FROZEN,
    Harm.HAND: ConditionKind.COVERED,
    Harm.PAINT: ConditionKind.COVERED,
    Harm.BAG: ConditionKind.COVERED,
    Harm.BLUR: ConditionKind.DEFOCUSED,
    Harm.NUDGE: ConditionKind.MOVED,
    Harm.ROLL: ConditionKind.MOVED,
    Harm.TURN: ConditionKind.MOVED,
}


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.normal(0, 2, shape).astype(np.float32)


def alteration(harm: Harm, seed: int = 0) -> Alter | None:
    """Return what a harm makes of the pictures; None for a freeze, which repeats one."""
    rng = np.random.default_rng(seed)

    def flat(level: float, enters_s: float) -> Alter:
        def cover(luma: Luma, since_s: float) -> Luma:
            height, width = luma.shape
            reach = width if enters_s == 0 else round(width * min(1.0, since_s / enters_s))
            out = luma.astype(np.float32)
            fall = np.linspace(level, level * 0.7, max(reach, 1), dtype=np.float32)[None, :reach]
            out[:, :reach] = fall + _noise((height, reach), rng)
            return np.clip(out, 0, 255).astype(np.uint8)

        return cover

    def blur(luma: Luma, _: float) -> Luma:
        sigma = luma.shape[1] / 80
        noisy = cv2.GaussianBlur(luma, (0, 0), sigma).astype(np.float32) + _noise(luma.shape, rng)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    def warp(degrees: float, right: float, down: float) -> Alter:
        def turned(luma: Luma, _: float) -> Luma:
            height, width = luma.shape
            move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
            move[:, 2] += (right * width, down * height)
            return cv2.warpAffine(luma, move, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)

        return turned

    return {
        Harm.HAND: flat(25.0, 1.5),
        Harm.PAINT: flat(120.0, 0.0),
        Harm.BAG: flat(20.0, 0.0),
        Harm.BLUR: blur,
        Harm.NUDGE: warp(0.0, 0.08, 0.05),
        Harm.ROLL: warp(12.0, 0.0, 0.0),
        Harm.TURN: lambda luma, _: np.ascontiguousarray(luma[::-1, ::-1]),
    }.get(harm)


@dataclass(slots=True)
class Watch:
    """What was told: (kind, second); and what it cost."""

    told: list[tuple[ConditionKind, float]] = field(default_factory=list)
    ended: list[tuple[ConditionKind, float]] = field(default_factory=list)
    glances: int = 0
    look_s: float = 0.0
    length_s: float = 0.0


def to_and_fro(pictures: Sequence[Luma]) -> Iterator[Luma]:
    """Yield the pictures forwards and backwards for ever: a still camera's film goes on without a jump."""
    there_and_back = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    return (pictures[number] for number in itertools.cycle(there_and_back))


def watch(
    pictures: Iterator[Luma],
    seconds: float,
    *,
    harm: Harm | None = None,
    from_s: float = 0.0,
    until_s: float = 1e9,
    settings: ConditionSettings | None = None,
) -> Watch:
    """Judge pictures that come twice a second for so long, harmed between two moments."""
    judge = ConditionJudge(settings or ConditionSettings())
    alter = alteration(harm) if harm is not None else None
    seen, open_now, held = Watch(length_s=seconds), set[ConditionKind](), None
    for number in range(round(seconds * LOOKS_PER_S)):
        at_s = number / LOOKS_PER_S
        luma = next(pictures)
        harmed = harm is not None and from_s <= at_s < until_s
        if harmed and alter is not None:
            luma = alter(luma, at_s - from_s)
        elif harmed:
            held = luma = luma if held is None else held
        at_ns = 100 * NANOSECONDS + round(at_s * NANOSECONDS)
        picture, _ = shrink(luma)
        began = time.thread_time()
        judge.look(picture, luma, at_ns, key=number % KEY_EVERY == 0)
        seen.look_s += time.thread_time() - began
        seen.glances += 1
        present = {each.kind for each in judge.now()}
        seen.told += [(kind, at_s) for kind in sorted(present - open_now)]
        seen.ended += [(kind, at_s) for kind in sorted(open_now - present)]
        open_now = present
    return seen
