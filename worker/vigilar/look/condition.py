"""One camera's condition, glance by glance: whether its picture is frozen, covered, dull, of another place.

    picture, every three seconds → average → impression → held against the references → sustained? → told

Nothing is learned while anything is wrong or may be, so what is wrong does not become usual. Only a camera
that was moved gets new references: after a while the new view is the view.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from vigilar.bus.messages import ConditionKind
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import ConditionSettings
from vigilar.look.frozen import FrozenJudge
from vigilar.look.impression import SAMPLE, SMALL, Averager, Impression, Plane, impression
from vigilar.look.picture import Luma
from vigilar.look.references import FEWEST_TILES, KNOWN, Match, Reference, References
from vigilar.look.sustained import Sustained
from vigilar.look.tampering import (
    DOUBTFUL,
    OPEN_TILES,
    TURNS,
    Shift,
    is_defocused,
    is_dull,
    is_strange,
    judge_cover,
    shift_of,
)

GLANCE_NS: Final = 29 * NANOSECONDS // 10
"""Glances are three seconds apart at the least: one costs as much as some looks for motion."""
CALM_GLANCE_NS: Final = 12 * NANOSECONDS
SAME: Final = 3.0
"""Mean difference in grey levels, as noise makes: while all is well such a picture needs no glance yet."""
PAUSE_NS: Final = 30 * NANOSECONDS
"""After a longer one without pictures what seemed to begin begins anew."""
COVER_SPEED_NS: Final = 30 * NANOSECONDS
"""Whoever covers a lens needs no longer; fog and dusk do."""
NEAR_NS: Final = 5 * NANOSECONDS
PARTLY: Final = (0.3, 0.8)
"""Of what was bright: a lamp that goes out changes all of it, who reaches for the switch less."""
ADOPT_NS: Final = 300 * NANOSECONDS
"""A new view that has held this long is the view."""
HOLD_NS: Final = {
    ConditionKind.FROZEN: 0,
    ConditionKind.COVERED: 6 * NANOSECONDS,
    ConditionKind.DEFOCUSED: 20 * NANOSECONDS,
    ConditionKind.MOVED: 10 * NANOSECONDS,
}
STRANGE_NS: Final = 60 * NANOSECONDS
"""A lorry may stand before the camera for a while."""
TURNS_AT_ONCE: Final = 5
"""Each costs a tenth of a millisecond, and a picture may be doubtful for long."""
OVER_NS: Final = 5 * NANOSECONDS


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong now. All `*_ns` monotonic; `detail` is for people."""

    kind: ConditionKind
    first_ns: int
    last_ns: int
    detail: str


class ConditionJudge:
    """Judges one camera's pictures. Not thread-safe; looks must come in order of time."""

    def __init__(self, settings: ConditionSettings) -> None:
        self._settings = settings
        self._frozen = FrozenJudge()
        self._averager = Averager()
        self._references = References()
        self._last_trusted: Reference | None = None
        self._wrong = {
            kind: Sustained(hold_ns, 0 if kind is ConditionKind.FROZEN else OVER_NS)
            for kind, hold_ns in HOLD_NS.items()
        }
        self._strange = Sustained(STRANGE_NS, OVER_NS)
        self._shift: Shift | None = None
        self._shape: tuple[int, ...] | None = None
        self._well: Plane | None = None
        self._at_ns = self._checked_ns = self._open_ns = self._near_ns = self._tried = 0

    def look(self, picture: Luma, luma: Luma, at_ns: int, *, key: bool) -> None:
        """Take in a picture that motion was judged by.

        `picture`: at working size; `luma`: as decoded; `key`: it is a key frame.
        """
        if PARTLY[0] <= self._averager.changed(picture) <= PARTLY[1]:
            self._near_ns = at_ns
        if key and self._settings.frozen:
            self._frozen.key_frame(picture, luma, at_ns)
            self._wrong[ConditionKind.FROZEN].note(self._frozen.frozen, at_ns, since_ns=self._frozen.since_ns)
        if at_ns - self._checked_ns >= GLANCE_NS:
            self._checked_ns = at_ns
            if not self._is_as_before(picture, at_ns):
                self._glance(picture, at_ns)

    def _is_as_before(self, picture: Luma, at_ns: int) -> bool:
        """Tell whether all was well at the last glance and next to nothing has changed since."""
        before, sample = self._well, picture[SAMPLE]
        if before is None or before.shape != sample.shape or at_ns - self._at_ns >= CALM_GLANCE_NS:
            return False
        return float(np.abs(sample - before).mean()) < SAME

    def now(self) -> tuple[Condition, ...]:
        """Return what is wrong now."""
        return tuple(
            Condition(kind, wrong.first_ns, wrong.last_ns, self._detail(kind))
            for kind, wrong in self._wrong.items()
            if wrong.told
        )

    def _detail(self, kind: ConditionKind) -> str:
        if kind is ConditionKind.MOVED and self._shift is not None:
            shift, pixel = self._shift, 100 / SMALL[0]
            aside = f"{abs(shift.right) * pixel:.0f} % of its width and {abs(shift.down) * pixel:.0f} % down"
            return f"the view has shifted by {aside}" + (
                f", turned by {shift.turned}°" if shift.turned else ""
            )
        return _DETAILS[kind]

    def _glance(self, picture: Luma, at_ns: int) -> None:
        if picture.shape != self._shape:
            self._begin(picture.shape)
        elapsed_ns = at_ns - self._at_ns if self._at_ns else 0
        if elapsed_ns > PAUSE_NS:
            self._forget_beginnings()
        self._at_ns = at_ns
        seen = impression(self._averager.add(picture, at_ns))
        match = self._references.match(seen)
        if match is not None:
            self._judge(seen, match, at_ns)
        well = not any(wrong.suspected for wrong in (*self._wrong.values(), self._strange))
        known = well and match is not None and match.by.alike >= KNOWN
        self._well = picture[SAMPLE].astype(np.float32) if known else None
        if well:
            self._references.learn(seen, at_ns, elapsed_ns / NANOSECONDS)

    def _judge(self, seen: Impression, match: Match, at_ns: int) -> None:
        reference = match.reference
        if match.by.tiles >= FEWEST_TILES and match.by.alike >= DOUBTFUL:
            self._last_trusted = reference
        usual = self._last_trusted or reference
        self._wrong[ConditionKind.COVERED].note(
            self._settings.covered and self._is_covered(seen, usual, at_ns), at_ns
        )
        covered = self._wrong[ConditionKind.COVERED].suspected
        dull = self._wrong[ConditionKind.DEFOCUSED]
        # Once told it lasts until the picture is sharp again: the light may change meanwhile.
        blurred = is_dull(seen, usual) if dull.told else not covered and is_defocused(seen, usual)
        dull.note(self._settings.defocused and blurred, at_ns)
        self._judge_move(seen, match, at_ns, covered=covered)

    def _is_covered(self, seen: Impression, usual: Reference, at_ns: int) -> bool:
        cover = judge_cover(seen, usual)
        wrong = self._wrong[ConditionKind.COVERED]
        if wrong.told:
            return cover.lost > OPEN_TILES
        if cover.lost <= OPEN_TILES:
            self._open_ns = at_ns
        if not cover.flat:
            return False
        if wrong.suspected:
            return True
        sudden = self._open_ns > 0 and at_ns - self._open_ns <= COVER_SPEED_NS
        # A lamp that goes out leaves the same black picture as a hand; only the hand was seen to come.
        return sudden and (not cover.dark or at_ns - self._near_ns <= NEAR_NS)

    def _judge_move(self, seen: Impression, match: Match, at_ns: int, *, covered: bool) -> None:
        moved = self._wrong[ConditionKind.MOVED]
        doubtful = self._settings.moved and not covered and match.by.alike < DOUBTFUL
        rich = seen.textured >= FEWEST_TILES
        shift = shift_of(seen, match.reference, self._turns()) if doubtful and rich else None
        self._strange.note(doubtful and is_strange(seen, match), at_ns)
        if shift is not None:
            self._shift = shift
        elif not moved.told:
            self._shift = None
        moved.note(
            shift is not None or self._strange.told or (moved.told and doubtful),
            at_ns,
            since_ns=self._strange.first_ns if self._strange.told else None,
        )
        if moved.told and at_ns - moved.first_ns >= ADOPT_NS:
            self._begin(self._shape)

    def _turns(self) -> tuple[int, ...]:
        """Return the turns to try in this glance: the one found before, else some, others the next time."""
        if self._shift is not None:
            return 0, self._shift.turned
        self._tried = (self._tried + TURNS_AT_ONCE) % len(TURNS)
        return 0, *TURNS[self._tried : self._tried + TURNS_AT_ONCE]

    def _begin(self, shape: tuple[int, ...] | None) -> None:
        """Learn the view anew; what is wrong with it ends, but for a picture that stands still."""
        self._shape = shape
        self._references.forget()
        self._last_trusted, self._shift, self._open_ns = None, None, 0
        for kind, wrong in self._wrong.items():
            if kind is not ConditionKind.FROZEN:
                wrong.clear()
        self._strange.clear()

    def _forget_beginnings(self) -> None:
        for wrong in (*self._wrong.values(), self._strange):
            if not wrong.told:
                wrong.clear()


_DETAILS: Final = {
    ConditionKind.FROZEN: "the camera sends one and the same picture again and again",
    ConditionKind.COVERED: "nothing is to be seen any more: something covers the lens",
    ConditionKind.DEFOCUSED: "the picture has lost its sharpness",
    ConditionKind.MOVED: "the camera shows another view",
}
