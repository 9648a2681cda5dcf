"""What is missing in a camera's recordings, told from the time codes in their pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from fakecam.remote import Timeline
from rig.footage import shown
from vigilar.domain.recording import decode_head
from vigilar.vault.errors import VaultError
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch without pictures, between one that was recorded and the next: CLOCK_MONOTONIC, ns."""

    from_ns: int
    to_ns: int

    @property
    def seconds(self) -> float:
        return (self.to_ns - self.from_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that was recorded of one camera. `damaged`: pictures that do not decode; `unreadable`: files."""

    pictures: int
    holes: tuple[Hole, ...]
    damaged: int
    unreadable: tuple[str, ...]
    last_ns: int


def recorded(folder: Path, keys: KeyRing, timeline: Timeline, frame_ns: int) -> Recorded:
    """Decode every sealed file below `folder`, which was recorded since this boot."""
    served: list[int] = []
    damaged, unreadable = 0, []
    for path in sorted(folder.rglob("*.vge")):
        try:
            with VaultReader.open(path, keys, unfinished=False) as reader:
                near_ns = decode_head(reader.meta).start_ns
            film = shown(path, keys, timeline, near_ns)
        except (VaultError, OSError) as err:
            unreadable.append(f"{path.name}: {err}")
            continue
        served += film.served_ns
        damaged += film.errors
    served.sort()
    return Recorded(
        len(served),
        tuple(_holes(served, frame_ns)),
        damaged,
        tuple(unreadable),
        served[-1] if served else 0,
    )


def _holes(served: Sequence[int], frame_ns: int) -> list[Hole]:
    steps = pairwise(served)
    return [Hole(before, after) for before, after in steps if after - before > 1.5 * frame_ns]
