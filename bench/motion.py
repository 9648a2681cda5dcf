"""Motion: changed pixels on CDnet "highway" at 2 looks a second, events on footage and in generated light.

The folder with `cdnet2014-highway.tar` and the films of `bench/footage/truth.py` is named by VIGILAR_FOOTAGE;
what is not there is left out, and said so. The light scenes are generated: every kind of change of light, and
of weather, alone and with somebody walking in, seeded.
"""

import os
import statistics
import sys
from pathlib import Path

import cv2

from bench.footage import highway
from bench.footage.light_set import LENGTH_S, Kind, light_set
from bench.footage.truth import TRUTH, pictures
from bench.footage.watching import Score, watch
from bench.report import Finding, arguments, note, report
from vigilar.domain.settings import MotionSettings

F_LIMIT, MS_LIMIT = 0.86, 0.15
RUNS = 5
WEATHER = (Kind.RAIN, Kind.LEAVES, Kind.NOISE)
WITH_THE_LAMP = (Kind.LAMP, Kind.PORCH_LAMP)
USUAL = MotionSettings()
type Figures = dict[str, float | int | str | bool | None]


def main(argv: list[str]) -> int:
    """Measure and report."""
    asked = arguments(argv, __doc__)
    cv2.setNumThreads(1)
    folder = footage_folder()
    beside: Figures = {}
    ours = on_highway(folder, beside)
    films_hold = on_films(folder, beside)
    light_holds = in_light(6 if asked.full else 2, beside)
    holds = ours is not None and ours.f >= F_LIMIT and ours.ms <= MS_LIMIT and films_hold and light_holds
    target = f"≥ {F_LIMIT} at ≤ {MS_LIMIT} ms; every walk-in found; 0 events from light alone"
    if ours is None:
        target += " (no highway set: NOT MEASURED)"
    value = 0.0 if ours is None else ours.f
    return report(Finding("motion", value, "pixel F at 2 looks/s", target, holds, beside), as_json=asked.json)


def footage_folder() -> Path | None:
    """Return the folder named by VIGILAR_FOOTAGE, None (said loudly) where there is none."""
    named = os.environ.get("VIGILAR_FOOTAGE")
    if named and Path(named).is_dir():
        return Path(named)
    note("SKIPPED: highway and films. VIGILAR_FOOTAGE names no folder; see bench/footage/truth.py.")
    return None


def on_highway(folder: Path | None, beside: Figures) -> highway.Quality | None:
    """Measure pixel quality; the methods take turns, so that a busy machine hits all of them."""
    if folder is None or not (folder / highway.ARCHIVE).exists():
        note(f"SKIPPED: no {highway.ARCHIVE}")
        return None
    note("highway …")
    frames = highway.read(folder / highway.ARCHIVE)
    methods = {
        "ours": highway.ours,
        "ours, whole judgement": highway.our_whole_judgement,
        "MOG2 history 500": lambda: highway.mog2(history=500),
        "MOG2 history 100": lambda: highway.mog2(history=100),
        "KNN": highway.knn,
    }
    runs = [{name: highway.quality(frames, make()) for name, make in methods.items()} for _ in range(RUNS)]
    for name in methods:
        beside[f"highway F, {name}"] = runs[0][name].f
        beside[f"highway ms per look, {name}"] = statistics.median(run[name].ms for run in runs)
    beside["highway stepping"] = f"{highway.FPS} pictures/s assumed, every 12th or 13th in turn"
    best = runs[0]["ours"]
    return highway.Quality(best.f, best.precision, best.recall, min(run["ours"].ms for run in runs))


def on_films(folder: Path | None, beside: Figures) -> bool:
    """Hold events against what eyes saw; every stretch must be found."""
    if folder is None:
        return False
    score, missing = Score(), []
    for name, truth in TRUTH.items():
        path = folder / name
        if not path.exists():
            missing.append(name)
            continue
        events, length_s = watch(pictures(path), score, USUAL)
        for wrong in score.add(events, truth, length_s):
            note(f"  {name}: {wrong}")
    if missing:
        note(f"SKIPPED: {', '.join(missing)} not in the folder")
    if not score.there:
        return False
    _tell("films", score, beside)
    return score.found == score.there


def in_light(seeds: int, beside: Figures) -> bool:
    """Hold events against generated scenes; light alone must make none, every walk-in be found."""
    note(f"light scenes, {seeds} seeds …")
    alone, weather, walks, with_lamp = Score(), Score(), Score(), Score()
    for scene in light_set(range(seeds)):
        score = walks if scene.walk_s is not None else weather if scene.kind in WEATHER else alone
        events, length_s = watch(scene.frames(), score, USUAL)
        truth = () if scene.walk_s is None else ((scene.walk_s, min(scene.walk_s + 8.0, LENGTH_S)),)
        name = f"{scene.kind} {scene.seed}{'' if scene.walk_s is None else ' with somebody'}"
        for wrong in score.add(events, truth, length_s):
            note(f"  {name}: {wrong}")
        if truth and scene.kind in WITH_THE_LAMP:
            with_lamp.add(events, truth, length_s)
    beside["light alone: scenes"] = seeds * (len(Kind) - len(WEATHER))
    beside["light alone: motion events"] = alone.false
    beside["light alone: scene changes told"] = alone.scene_changes
    beside["rain, leaves, noise alone: scenes"] = seeds * len(WEATHER)
    beside["rain, leaves, noise alone: motion events"] = weather.false
    _tell("walk-ins under changing light", walks, beside)
    beside["as the lamp goes on: longest delay s"] = with_lamp.delay(100)
    return alone.false == 0 and walks.found == walks.there


def _tell(what: str, score: Score, beside: Figures) -> None:
    beside[f"{what}: found"] = f"{score.found} of {score.there}"
    beside[f"{what}: false events"] = score.false
    beside[f"{what}: false per hour"] = score.false_per_hour
    beside[f"{what}: delay s, median"] = score.delay(50)
    beside[f"{what}: delay s, 95 %"] = score.delay(95)
    beside[f"{what}: ms per look"] = 1000 * score.look_s / max(score.looks, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
