"""Chaos: one random fault after the other on a house that records two cameras; what did each of them cost?

Kills (SIGKILL) of supervisor, core, look and capture, a camera that stalls, is cut off or loses packets, a
full disk (where a small one may be mounted). What is missing is told from the time codes in the pictures.
The wall clock is not touched: it belongs to the whole machine (tests/worker/faults/test_clock.py injects it).
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

from bench.report import Finding, common_parser, note, report
from rig.havoc import CAMERAS, FROZEN_LIMIT_S, KILLS, STALL_LIMIT_S, Round, orphans, stand
from rig.holes import Recorded, recorded
from rig.house import House
from vigilar.vault.keys import KeyRing

FRAME_NS = 100_000_000
LOST_LIMIT_S, AGAIN_LIMIT_S = 1.0, 5.0


@dataclass
class Cost:
    """What one kind of fault cost: of each round, the worst of both cameras."""

    lost_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    missing_s: float = 0.0

    def begin(self) -> None:
        """Add a round that has cost nothing so far."""
        self.lost_s.append(0.0)
        self.again_s.append(0.0)


def costs(rounds: list[Round], found: dict[str, Recorded], ended_ns: int) -> dict[str, Cost]:
    """Attribute every hole to the round in which it lies.

    `lost_s`: received before a kill and not recorded. `again_s`: until pictures are recorded again, from the
    kill, or from the end of what lasted. `missing_s`: everything, whoever is to blame.
    """
    by_cause: dict[str, Cost] = {}
    for each in rounds:
        by_cause.setdefault(each.group, Cost()).begin()
    holes = [hole for camera in CAMERAS for hole in found[camera].holes if hole.to_ns < ended_ns]
    for hole in holes:
        # All were recorded again before the next round began.
        mine = [each for each in rounds if each.began_ns < hole.to_ns]
        if not mine:
            continue
        cost = by_cause[mine[-1].group]
        number = sum(each.group == mine[-1].group for each in mine) - 1
        cost.lost_s[number] = max(cost.lost_s[number], (mine[-1].began_ns - hole.from_ns) / 1e9)
        cost.again_s[number] = max(cost.again_s[number], (hole.to_ns - mine[-1].over_ns) / 1e9)
        cost.missing_s += hole.seconds
    return by_cause


def _verified(house: House) -> bool:
    command = [sys.executable, "-m", "vigilar.cli", "vault", "verify", "-c", str(house.config), "--json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        note(answer.stdout[-2000:] + answer.stderr[-2000:])
    return answer.returncode == 0


def main(argv: list[str]) -> int:
    """Measure and report."""
    parser = common_parser(__doc__)
    parser.add_argument("--rounds", type=int, help="how many faults (default 12, with --full 200)")
    parser.add_argument("--seed", type=int, default=1, help="what the dice begin with")
    asked = parser.parse_args(argv)
    count = asked.rounds or (200 if asked.full else 12)
    with stand(asked.seed, asked.full) as place:
        if place.disk is None:
            note("no small disk may be mounted here: left out: disk full")
        if "frozen" not in place.causes():
            note("left out: frozen pictures (this worker has no such event)")
        time.sleep(3)
        bag: list[str] = []
        for number in range(count):
            bag = bag or place.chance.sample(place.causes(), len(place.causes()))
            cause = bag.pop()
            note(f"round {number + 1} of {count}: {cause}")
            place.play(cause)
            time.sleep(1.5 + 2 * place.chance.random())
        place.house.wait_online(limit_s=90)
        ended_ns = time.monotonic_ns()
        left = orphans(place.house)
        keys = KeyRing.load(place.house.keys)
        segments = place.house.data / "segments"
        found = {
            name: recorded(segments / name, keys, place.fake.timeline(name), FRAME_NS) for name in CAMERAS
        }
        verified = _verified(place.house)
    return _report(
        costs(place.rounds, found, ended_ns), place.rounds, found, left, verified, as_json=asked.json
    )


def _report(
    by_cause: dict[str, Cost],
    rounds: list[Round],
    found: dict[str, Recorded],
    left: list[str],
    verified: bool,
    *,
    as_json: bool,
) -> int:
    beside: dict[str, float | int | str | bool | None] = {"rounds": len(rounds)}
    for cause, cost in sorted(by_cause.items()):
        beside[f"{cause}: rounds"] = len(cost.lost_s)
        if cause.partition(" ")[0] in KILLS:
            beside[f"{cause}: received and lost, worst s"] = max(cost.lost_s)
        beside[f"{cause}: recorded again after, worst s"] = max(cost.again_s)
        beside[f"{cause}: missing in all, s"] = cost.missing_s
    seen = {
        cause: [r.seen_s for r in rounds if r.cause == cause and r.seen_s] for cause in ("stall", "frozen")
    }
    for cause, times in seen.items():
        beside[f"{cause}: seen after, worst s"] = max(times, default=None)
    unreadable = [name for each in found.values() for name in each.unreadable]
    beside |= {
        "pictures damaged (packets were lost on the way)": sum(each.damaged for each in found.values()),
        "pictures recorded": sum(each.pictures for each in found.values()),
        "unreadable files": len(unreadable),
        "orphans (processes, rows, files)": len(left),
        "vault verify finds all explained": verified,
    }
    for what in (*left, *unreadable):
        note(f"  {what}")
    lost = max([0.0, *(s for cause in KILLS if cause in by_cause for s in by_cause[cause].lost_s)])
    again = max([0.0, *(s for cause in KILLS if cause in by_cause for s in by_cause[cause].again_s)])
    holds = (
        lost <= LOST_LIMIT_S
        and again <= AGAIN_LIMIT_S
        and max(seen["stall"], default=0.0) <= STALL_LIMIT_S
        and max(seen["frozen"], default=0.0) <= FROZEN_LIMIT_S
        and not (left or unreadable)
        and verified
    )
    target = "≤ 1 lost, again ≤ 5, stall seen ≤ 10, frozen ≤ 30, 0 orphans, 0 unreadable"
    return report(Finding("chaos", lost, "s lost per kill at worst", target, holds, beside), as_json=as_json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
