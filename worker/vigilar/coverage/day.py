"""What "today" is: a day of the household's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from vigilar.domain.coverage import Span


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day as moments: 23 or 25 hours long where the clocks are changed."""

    date: date
    span: Span


class Calendar:
    """Days of one time zone; `name` empty: the system's."""

    def __init__(self, name: str = "") -> None:
        self._zone = ZoneInfo(name) if name else None
        self._name = name

    def name_at(self, moment: datetime) -> str:
        """Return the zone's name, or what the system calls its own."""
        return self._name or moment.astimezone().tzname() or "UTC"

    def day_of(self, moment: datetime) -> Day:
        """Return the day in which `moment` lies."""
        today = moment.astimezone(self._zone).date()
        return Day(today, Span(self._midnight(today), self._midnight(today + timedelta(days=1))))

    def _midnight(self, day: date) -> datetime:
        begins = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return begins.astimezone(UTC)  # without a zone it is the system's
