"""A camera's condition: harm done to films, and false alarms while none is done.

The folder of films is named by VIGILAR_FOOTAGE. Every film in it is played to and fro for minutes unharmed;
those whose camera hangs still (`bench/footage/truth.py`; some of them without `--full`) once with each kind
of harm besides, and two generated scenes likewise. The light scenes are generated: each lasts long enough
for its light to be learned before it changes.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2

from bench.footage.condition import TELLS, Harm, Luma, Watch, to_and_fro, watch
from bench.footage.light_set import CHANGE_S, Kind, light_set
from bench.footage.truth import TRUTH, pictures
from bench.motion import footage_folder
from bench.report import Finding, arguments, note, report
from vigilar.bus.messages import ConditionKind
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import MotionSettings
from vigilar.look.motion import MotionJudge

FROM_S, UNTIL_S = 90.0, 180.0
PLAIN_S, PLAIN_FULL_S = 300.0, 1200.0
SHARE_LIMIT = 0.15
"""Of what judging motion costs in the same run: 0.1 ms where that takes 0.7."""
FROZEN_LIMIT_S = 30.0
MOST_PICTURES = 240
LARGEST = 1280
GENERATED = "generated, "
SOME: Final = 4
"""Without `--full` harm is done to every fourth still film."""
type Figures = dict[str, float | int | str | bool | None]


@dataclass(slots=True)
class Sums:
    """What came of one kind of harm over all films."""

    done: int = 0
    delays: list[float] = field(default_factory=list)
    wrong: int = 0


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    cv2.setNumThreads(1)
    beside: Figures = {}
    plain_s = PLAIN_FULL_S if asked.full else PLAIN_S
    still = sorted(TRUTH)
    sums, costs, motion = {harm: Sums() for harm in Harm}, list[float](), list[float]()
    alarms, hours = 0, 0.0
    for name, source in sources():
        seen = watch(source(), plain_s)
        costs.append(1000 * seen.look_s / max(1, seen.glances))
        motion.append(motion_ms(source()))
        alarms, hours = alarms + len(seen.told), hours + plain_s / 3600
        _say(name, seen)
        if name in still[:: 1 if asked.full else SOME] or name.startswith(GENERATED):
            for harm in Harm:
                _count(sums[harm], harm, watch(source(), UNTIL_S, harm=harm, from_s=FROM_S))
    light_alarms, light_hours = in_light(6 if asked.full else 1)
    alarms, hours = alarms + light_alarms, hours + light_hours
    for harm, each in sums.items():
        beside[f"{harm}: told as {TELLS[harm]}"] = f"{len(each.delays)} of {each.done}"
        beside[f"{harm}: delay s, median and longest"] = _delays(each.delays)
        beside[f"{harm}: told as something else"] = each.wrong
    beside["unharmed: hours played"] = hours
    beside["unharmed: false alarms"] = alarms
    beside["ms per look, median of the films"] = statistics.median(costs)
    beside["ms per look of judging motion, same run, median"] = statistics.median(motion)
    beside["as a share of it"] = share = statistics.median(costs) / statistics.median(motion)
    frozen = sums[Harm.FREEZE]
    in_time = len(frozen.delays) == frozen.done and max(frozen.delays) <= FROZEN_LIMIT_S
    holds = alarms == 0 and in_time and share <= SHARE_LIMIT
    target = f"0; every freeze told in {FROZEN_LIMIT_S:g} s; a look costs ≤ {SHARE_LIMIT:g} of one for motion"
    value = alarms / hours
    return report(Finding("health", value, "false alarms/h", target, holds, beside), as_json=asked.json)


def motion_ms(film: Iterator[Luma]) -> float:
    """Return what a look for motion costs on these pictures: a yardstick that feels the same load."""
    judge = MotionJudge(MotionSettings())
    pictures_ = list(itertools.islice(film, 100))
    began = time.thread_time()
    for number, luma in enumerate(pictures_):
        judge.look(luma, NANOSECONDS + number * NANOSECONDS // 2)
    return 1000 * (time.thread_time() - began) / len(pictures_)


def sources() -> Iterator[tuple[str, Callable[[], Iterator[Luma]]]]:
    """Yield (name, an endless supply of pictures, two for each second) of every film, and of scenes."""
    folder = footage_folder()
    films = [] if folder is None else sorted(p for p in folder.iterdir() if p.suffix in {".mp4", ".avi"})
    for path in films:
        found = _every_half_second(path)
        if len(found) > 1:
            yield path.name, lambda found=found: to_and_fro(found)  # type: ignore[misc]
    for scene in light_set(range(1)):
        if scene.kind in {Kind.CLOUDS, Kind.LEAVES} and scene.walk_s is None:
            found = _thinned(scene.frames())
            yield f"{GENERATED}{scene.kind}", lambda found=found: to_and_fro(found)  # type: ignore[misc]


def in_light(seeds: int) -> tuple[int, float]:
    """Return (false alarms, hours) in changes of light: a minute and a half before, two minutes after."""
    alarms, hours = 0, 0.0
    for scene in light_set(range(seeds)):
        found = _thinned(scene.frames())
        early = round((CHANGE_S - 1) * 2)
        before = itertools.islice(to_and_fro(found[:early]), 180)
        film = itertools.chain(before, found[early:], to_and_fro(found[-16:]))
        seen = watch(film, 240.0)
        _say(f"{scene.kind} {scene.seed}{'' if scene.walk_s is None else ' with somebody'}", seen)
        alarms, hours = alarms + len(seen.told), hours + seen.length_s / 3600
    return alarms, hours


def _every_half_second(path: Path) -> list[Luma]:
    return _thinned(pictures(path))


def _thinned(film: Iterator[tuple[float, Luma]]) -> list[Luma]:
    kept, due_s = list[Luma](), 0.0
    for at_s, luma in film:
        if at_s >= due_s:
            due_s = at_s + 0.45
            half = (luma.shape[1] // 2, luma.shape[0] // 2)
            large = luma.shape[1] > LARGEST
            kept.append(cv2.resize(luma, half, interpolation=cv2.INTER_AREA) if large else luma.copy())  # type: ignore[arg-type]
        if len(kept) >= MOST_PICTURES:
            break
    return kept


def _count(sums: Sums, harm: Harm, seen: Watch) -> None:
    right = [at_s - FROM_S for kind, at_s in seen.told if kind is TELLS[harm] and at_s >= FROM_S]
    sums.done += 1
    sums.delays += right[:1]
    sums.wrong += len([kind for kind, _ in seen.told if kind is not TELLS[harm]])


def _delays(delays: Sequence[float]) -> str:
    return f"{statistics.median(delays):.1f}, {max(delays):.1f}" if delays else "-"


def _say(name: str, seen: Watch) -> None:
    told: list[tuple[ConditionKind, float]] = seen.told
    note(f"  {name}: " + (", ".join(f"{kind} at {at_s:.0f} s" for kind, at_s in told) or "nothing"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
