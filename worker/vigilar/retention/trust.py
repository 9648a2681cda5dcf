"""Whether the wall clock can be believed: told from where it stood before and how long it has held since.

The age rule deletes by labels that a clock gave; a clock that jumped ten years must not empty the disk.
Pure functions: each look at the clock makes the next value from the one before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from vigilar.domain.clock import Instant

FLOOR: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""No clock of ours is right before this: a box without battery boots in 1970."""
TOLERATED: Final = timedelta(hours=1)
HOLD_SHARE: Final = 0.1
"""A jump is believed once the clock has held for a tenth of it: a box that was away for three days is
believed after seven hours, a clock ten years ahead after a year."""
STRAYS_KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class Stray:
    """Labels from `first` to `last` (None: still being given) are wrong; the true time is `shift_s` later.

    A recording truly made in such a span is shifted too: that costs it its place in the order, no more.
    """

    first: datetime
    last: datetime | None
    shift_s: float


@dataclass(frozen=True, slots=True)
class ClockTrust:
    """Where the clock stood when last looked at, and what is known of its errors.

    `doubt_s`: how far it stands from where it should (0: it is believed), `held_s`: for how long it has run
    evenly since. `anchored`: it was right (or could have been) at least once.
    """

    seen: datetime
    seen_ns: int
    boot_id: str
    anchored: bool = True
    doubt_s: float = 0.0
    held_s: float = 0.0
    strays: tuple[Stray, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether labels may be compared with the clock."""
        return self.anchored and self.doubt_s == 0 and self.seen >= FLOOR


def first_look(now: Instant, newest: datetime | None) -> ClockTrust:
    """Begin without memory: only the newest recording's label (None: no recording) can be held against it."""
    if newest is not None and newest >= FLOOR:
        return _at(look(ClockTrust(newest, 0, ""), replace(now, monotonic_ns=0)), now)
    trust = ClockTrust(now.wall, now.monotonic_ns, now.boot_id, anchored=now.wall >= FLOOR)
    if trust.anchored:
        return trust
    since_boot = timedelta(microseconds=now.monotonic_ns // 1000)
    return replace(trust, strays=(Stray(now.wall - since_boot, None, 0.0),))


def look(before: ClockTrust, now: Instant) -> ClockTrust:
    """Return what is known of the clock after another look at it."""
    same_boot = before.boot_id == now.boot_id
    elapsed_ns = now.monotonic_ns - (before.seen_ns if same_boot else 0)
    elapsed = timedelta(microseconds=max(0, elapsed_ns) // 1000)
    drift = now.wall - (before.seen + elapsed)
    if abs(drift) <= TOLERATED:
        return _at(_held(before, elapsed), now)
    return _at(_jumped(before, now, elapsed, drift, same_boot=same_boot), now)


def corrected(label: datetime, strays: Iterable[Stray]) -> datetime:
    """Return when something labelled so truly was, as far as is known."""
    for stray in strays:
        if stray.first <= label and (stray.last is None or label <= stray.last):
            return label + timedelta(seconds=stray.shift_s)
    return label


def _held(before: ClockTrust, elapsed: timedelta) -> ClockTrust:
    if before.sure or not before.anchored:
        return before
    held = before.held_s + elapsed.total_seconds()
    wait = max(TOLERATED.total_seconds(), abs(before.doubt_s) * HOLD_SHARE)
    if held < wait or before.seen < FLOOR:
        return replace(before, held_s=held)
    # Believed: the labels it gave meanwhile were right.
    strays = tuple(stray for stray in before.strays if stray.last is not None)
    return replace(before, doubt_s=0.0, held_s=0.0, strays=strays)


def _jumped(
    before: ClockTrust, now: Instant, elapsed: timedelta, drift: timedelta, *, same_boot: bool
) -> ClockTrust:
    found = not before.anchored and now.wall >= FLOOR
    doubt = timedelta(0) if found else timedelta(seconds=before.doubt_s) + drift
    if abs(doubt) <= TOLERATED and now.wall >= FLOOR:
        doubt = timedelta(0)
    nearer = found or abs(doubt.total_seconds()) < abs(before.doubt_s)
    strays = tuple(
        stray
        if stray.last is not None
        else replace(
            stray,
            last=before.seen + elapsed if same_boot else before.seen + TOLERATED,
            shift_s=drift.total_seconds() if nearer and same_boot else stray.shift_s,
        )
        for stray in before.strays
    )
    if doubt:
        strays = (*strays, Stray(now.wall - elapsed, None, -doubt.total_seconds()))
    return replace(
        before,
        anchored=before.anchored or found,
        doubt_s=doubt.total_seconds(),
        held_s=0.0,
        strays=strays[-STRAYS_KEPT:],
    )


def _at(trust: ClockTrust, now: Instant) -> ClockTrust:
    return replace(trust, seen=now.wall, seen_ns=now.monotonic_ns, boot_id=now.boot_id)
