"""Severities as numbers, so that "at least" is a comparison."""

from typing import Final

from vigilar.domain.event import Severity

_ORDER: Final = (Severity.INFO, Severity.WARNING, Severity.ALERT, Severity.CRITICAL)


def rank(severity: Severity) -> int:
    """Return 0 for the least."""
    return _ORDER.index(severity)


def of_rank(number: int) -> Severity:
    """Return the severity of a rank."""
    return _ORDER[number]
