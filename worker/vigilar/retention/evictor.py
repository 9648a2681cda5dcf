"""Making room on the disk: needs the files, the keys and no database."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vigilar.domain.clip import ClipKind
from vigilar.domain.errors import VigilarError
from vigilar.recordings.deletion import Remover
from vigilar.recordings.places import STAR
from vigilar.retention.ballast import Ballast, size_on
from vigilar.retention.holdings import Disk, Holding, disk_of, survey
from vigilar.retention.policy import Eviction, Limits, for_age, for_space, hours_until_next
from vigilar.retention.trust import Stray
from vigilar.vault.entries import Reason
from vigilar.vault.errors import DamagedError, FileMissingError, UnsupportedError, VaultError
from vigilar.vault.reader import file_id_of

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW: Final = 3
"""After so many nothing more is tried: it is the disk or the keys, not these files."""
BATCH: Final = 200
"""So many go in one round at most: what follows (rows, messages) comes in pieces, stopping stays quick."""
FULL_SHARE: Final = 8
"""A disk with less than this part of what should stay free counts as full."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found and did. `left`: what lies there now; `problem`: why something had to stay.

    `before` and `disk`: the disk at its beginning and end; `more`: another round should follow soon.
    """

    left: tuple[Holding, ...]
    gone: tuple[Eviction, ...]
    before: Disk
    disk: Disk
    problem: str = ""
    next_age_h: float | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Removal:
    """`refused` could not go; `stuck`: so many in a row that the rest was not tried."""

    taken: tuple[Eviction, ...]
    refused: tuple[Eviction, ...]
    problem: str
    stuck: bool


class Evictor:
    """One round at a time. Blocks."""

    def __init__(self, remover: Remover, limits: Limits) -> None:
        self.limits = limits
        self.ballast = Ballast(remover.places.root, remover.files)
        self._remover = remover

    def disk(self) -> Disk:
        """Return how full the disk is. Raises OSError."""
        return disk_of(self._remover.places.root)

    def short_of(self, disk: Disk) -> bool:
        """Return whether less is free than should be."""
        return disk.free < self.limits.free_on(disk)

    def full(self, disk: Disk) -> bool:
        """Return whether next to nothing is free."""
        return disk.free < self.limits.free_on(disk) // FULL_SHARE

    def look(self, strays: Iterable[Stray] = ()) -> tuple[Holding, ...]:
        """Return what lies there. Raises OSError."""
        return survey(self._remover.places, strays)

    def round(self, holdings: Sequence[Holding], *, aged_at: datetime | None = None, late: int = 0) -> Round:
        """Let go what the limits demand, and with `aged_at` what is too old by then. Raises OSError.

        What was removed counts as free at once, whatever the file system says: some give space back late.
        `late`: bytes of earlier rounds that are not back yet.
        """
        before = self.disk()
        left, gone, problem = self._work_off(holdings, replace(before, free=before.free + late))
        next_age = None
        if aged_at is not None:
            old = for_age(left, self.limits, aged_at)[:BATCH]
            of_age = self._remove(old)
            next_age = hours_until_next(left, of_age.taken)
            left, gone = _without(left, of_age.taken), (*gone, *of_age.taken)
            problem = problem or of_age.problem
        disk = self.disk()
        self._keep_ballast(disk)
        return Round(left, gone, before, disk, problem, next_age, more=len(gone) >= BATCH)

    def _work_off(
        self, holdings: Sequence[Holding], disk: Disk
    ) -> tuple[tuple[Holding, ...], tuple[Eviction, ...], str]:
        left = tuple(holdings)
        gone: tuple[Eviction, ...] = ()
        stuck: set[Holding] = set()
        problem = ""
        # Each pass removes or rules out at least one recording; what cannot go makes the next one go instead.
        while plan := for_space(left, self.limits, disk, stuck)[: BATCH - len(gone)]:
            done = self._remove(plan)
            left, gone = _without(left, done.taken), (*gone, *done.taken)
            disk = replace(disk, free=disk.free + sum(each.holding.size_bytes for each in done.taken))
            stuck.update(each.holding for each in done.refused)
            problem = problem or done.problem
            if done.stuck:
                break
        return left, gone, problem

    def _remove(self, plan: Iterable[Eviction]) -> "_Removal":
        """Remove what can be removed, until it is clear that nothing can."""
        taken: list[Eviction] = []
        refused: list[Eviction] = []
        problem = ""
        failures = 0
        for eviction in plan:
            try:
                gone = self._remove_one(eviction.holding)
                failures = 0
            except (DamagedError, UnsupportedError) as err:
                # Without its id the journal cannot name it. The index tells people of such files.
                log.warning("%s should be deleted, but stays: %s", eviction.holding.id, err)
                gone = False
            except (VaultError, VigilarError, OSError) as err:
                log.error("%s should be deleted, but stays: %s", eviction.holding.id, err)  # noqa: TRY400
                problem = problem or f"recording {eviction.holding.id} could not be deleted: {err}"
                gone = False
                failures += 1
            (taken if gone else refused).append(eviction)
            if failures == FAILURES_IN_A_ROW:
                break
        return _Removal(tuple(taken), tuple(refused), problem, failures == FAILURES_IN_A_ROW)

    def _remove_one(self, holding: Holding) -> bool:
        """Remove one, with the ballast's help when it takes that; False: it got a star just now."""
        path = self._remover.places.file_of(holding.path)
        if not holding.starred and path.with_suffix(STAR).exists():
            return False
        try:
            file_id = file_id_of(path)
        except FileMissingError:
            return True  # a person was quicker
        try:
            self._journal_and_unlink(holding, file_id)
        except (VaultError, OSError):
            if not self.ballast.spend():
                raise
            self._journal_and_unlink(holding, file_id)
        return True

    def _journal_and_unlink(self, holding: Holding, file_id: str) -> None:
        self._remover.remove(holding.path, file_id, size=holding.size_bytes, reason=Reason.RETENTION)

    def _keep_ballast(self, disk: Disk) -> None:
        """Give the ballast up when nothing else helped; take it again when there is room."""
        size = size_on(disk)
        if self.ballast.there():
            if self.full(disk):
                self.ballast.spend()
        elif disk.free >= self.limits.free_on(disk) + 2 * size and self._remover.places.present():
            try:
                self.ballast.make(size)
            except OSError as err:
                log.warning("the ballast could not be made: %s", err)


def _without(holdings: Sequence[Holding], evictions: Iterable[Eviction]) -> tuple[Holding, ...]:
    out = {each.holding.path for each in evictions}
    return tuple(each for each in holdings if each.path not in out)


def unsaved(gone: Iterable[Eviction]) -> list[Eviction]:
    """Return the clips that exist nowhere else now: people should hear of them."""
    return [each for each in gone if not each.holding.uploaded and each.holding.kind is ClipKind.CLIP]
