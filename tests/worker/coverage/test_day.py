from datetime import UTC, datetime, timedelta

import pytest

from vigilar.coverage.day import Calendar

MIDSUMMER = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def test_a_day_begins_at_the_households_midnight() -> None:
    day = Calendar("Europe/Vienna").day_of(MIDSUMMER)

    assert day.date.isoformat() == "2026-07-02"
    assert day.span.start == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert day.span.end - day.span.start == timedelta(hours=24)


@pytest.mark.parametrize(
    ("moment", "hours"),
    [(datetime(2026, 3, 29, 12, tzinfo=UTC), 23), (datetime(2026, 10, 25, 12, tzinfo=UTC), 25)],
)
def test_days_on_which_the_clocks_are_changed_are_shorter_or_longer(moment: datetime, hours: int) -> None:
    span = Calendar("Europe/Vienna").day_of(moment).span

    assert span.end - span.start == timedelta(hours=hours)


def test_without_a_name_the_systems_zone_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    import time  # noqa: PLC0415

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        day = Calendar().day_of(MIDSUMMER)
        assert (day.date.isoformat(), day.span.start) == ("2026-07-02", datetime(2026, 7, 1, 15, tzinfo=UTC))
        assert Calendar().name_at(MIDSUMMER) == "JST"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
