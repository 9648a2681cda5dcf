"""CDnet 2014 "highway" (320 x 240, pixel truth): how well changed pixels are found, and at what cost."""

import statistics
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import MotionSettings
from vigilar.look.background import Background
from vigilar.look.light import LightKind, judge_light
from vigilar.look.motion import LEARN_GAP_NS, MotionJudge
from vigilar.look.picture import Luma, Mask, shrink

ARCHIVE = "cdnet2014-highway.tar"
FPS = 25
"""Assumed: the set does not tell. A look is taken every 12.5 pictures, that is every 12th or 13th in turn."""
LOOKS_PER_S = 2
FIRST_TRUTH = 470
MOVING, OUTSIDE, UNKNOWN = 255, 85, 170

type Subtract = Callable[[Luma, int], Mask]


@dataclass(frozen=True, slots=True)
class Frame:
    """One look. `truth` is None before the truth begins; `valid` marks the pixels that are judged."""

    at_ns: int
    luma: Luma
    truth: NDArray[np.bool_] | None
    valid: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Quality:
    """F measure of changed pixels over all looks with truth, and milliseconds per look (median)."""

    f: float
    precision: float
    recall: float
    ms: float


def read(archive: Path) -> list[Frame]:
    """Return the looks of the set. Raises OSError."""
    frames = []
    with tarfile.open(archive) as tar:
        names = {name.rpartition("highway/")[2]: name for name in tar.getnames()}

        def grey(name: str) -> Luma:
            member = tar.extractfile(names[name])
            if member is None:
                raise OSError(f"{archive} lacks {name}")
            data = np.frombuffer(member.read(), np.uint8)
            return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.uint8)

        roi = grey("ROI.bmp") > 0
        count = sum(name.startswith("input/in") for name in names)
        for look in range(count * LOOKS_PER_S // FPS + 1):
            number = 1 + round(look * FPS / LOOKS_PER_S)
            if number > count:
                break
            luma, at_ns = grey(f"input/in{number:06d}.jpg"), look * NANOSECONDS // LOOKS_PER_S
            if number < FIRST_TRUTH:
                frames.append(Frame(at_ns, luma, None, None))
                continue
            truth = grey(f"groundtruth/gt{number:06d}.png")
            valid = roi & (truth != OUTSIDE) & (truth != UNKNOWN)
            frames.append(Frame(at_ns, luma, truth == MOVING, valid))
    return frames


def quality(frames: Sequence[Frame], subtract: Subtract) -> Quality:
    """Run one method over the looks."""
    right = wrong = missed = 0
    taken = []
    for frame in frames:
        began = time.perf_counter()
        mask = subtract(frame.luma, frame.at_ns)
        taken.append(time.perf_counter() - began)
        if frame.truth is not None and frame.valid is not None:
            found = (mask > 0) & frame.valid
            right += int((found & frame.truth).sum())
            wrong += int((found & ~frame.truth).sum())
            missed += int((~found & frame.truth & frame.valid).sum())
    precision, recall = right / max(right + wrong, 1), right / max(right + missed, 1)
    f = 2 * precision * recall / max(precision + recall, 1e-9)
    return Quality(f, precision, recall, 1000 * statistics.median(taken))


def ours() -> Subtract:
    """Our background with its light compensation, what a look does until it has the changed pixels."""
    background: Background | None = None
    before_ns = 0

    def subtract(luma: Luma, at_ns: int) -> Mask:
        nonlocal background, before_ns
        picture, reach = shrink(luma)
        if background is None:
            background = Background(picture, reach, MotionSettings().sensitivity)
            return np.zeros(picture.shape, np.uint8)
        light = judge_light(picture, background.level)
        if light.kind is LightKind.SHIFTED:
            background.relight(light.gain, light.offset, picture)
        elif light.kind is LightKind.CHANGED:
            background.adopt(picture)
        difference = background.difference(picture)
        mask = background.changed(difference)
        if at_ns - before_ns >= LEARN_GAP_NS:
            background.learn(picture, difference, (at_ns - before_ns) / NANOSECONDS)
            before_ns = at_ns
        return mask

    return subtract


def our_whole_judgement() -> Subtract:
    """The same with blobs, light by the spot, tracks and verdict."""
    judge = MotionJudge(MotionSettings())
    return lambda luma, at_ns: judge.look(luma, at_ns).mask


def mog2(*, history: int) -> Subtract:
    """OpenCV's MOG2 without shadow detection, which scores better here."""
    model = cv2.createBackgroundSubtractorMOG2(history=history, detectShadows=False)
    return lambda luma, _at_ns: model.apply(luma).astype(np.uint8, copy=False)


def knn() -> Subtract:
    """OpenCV's KNN without shadow detection."""
    model = cv2.createBackgroundSubtractorKNN(detectShadows=False)
    return lambda luma, _at_ns: model.apply(luma).astype(np.uint8, copy=False)
