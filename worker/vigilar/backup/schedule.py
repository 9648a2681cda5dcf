"""When a nightly backup is due: once per local day, whatever the clock does."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from vigilar.backup.copies import AHEAD


def last_hour(now: datetime, hour: int, zone: tzinfo | None = None) -> datetime:
    """Return the newest moment up to `now` (aware) at which the local clock came to `hour` o'clock, in UTC.

    `zone` None: the machine's. An hour that the clocks skip in spring counts as the one after it, one that
    comes twice in autumn as its first.
    """
    local = now.astimezone(zone).replace(hour=hour, minute=0, second=0, microsecond=0, fold=0, tzinfo=zone)
    for days in (0, 1):
        # The subtraction is on the wall clock: a day is the same hour of the day before, not 24 hours.
        moment = (local - timedelta(days=days)).astimezone(UTC)
        if moment <= now:
            return moment
    return (local - timedelta(days=2)).astimezone(UTC)


def is_due(now: datetime, made: Iterable[datetime], hour: int, zone: tzinfo | None = None) -> bool:
    """Return whether no backup was made since the last `hour` o'clock.

    Labels of a clock that was wrong do not count.
    """
    known = [at for at in made if at <= now + AHEAD]
    return not known or max(known) < last_hour(now, hour, zone)
