"""HTTP Range and conditional requests (RFC 9110 §13, §14), for one representation with a strong ETag."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

_SPEC: Final = re.compile(r"\s*(\d*)\s*-\s*(\d*)\s*")
_ETAG: Final = re.compile(r'(W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_HUGE: Final = 10**18


@dataclass(frozen=True, slots=True)
class Whole:
    """Send everything (200)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Send bytes [start, start + length) (206)."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """The range asks for nothing that exists, or is no range (416)."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The client has it already (304)."""


type Wanted = Whole | Part | Unsatisfiable | NotModified


def wanted(headers: Mapping[str, str], *, size: int, etag: str, last_modified: datetime) -> Wanted:
    """Return what a GET or HEAD with these headers (lower-case names) asks for of `size` bytes."""
    if _client_has_it(headers, etag, last_modified):
        return NotModified()
    condition = headers.get("if-range")
    if condition is not None and not _unchanged(condition.strip(), etag, last_modified):
        return Whole()
    return parse_range(headers.get("range"), size)


def parse_range(header: str | None, size: int) -> Whole | Part | Unsatisfiable:
    """Return the single byte range a header asks for.

    Other units and lists of several ranges are answered whole, as the RFC allows; what is no range at all is
    unsatisfiable, so that a client's mistake never costs a whole film.
    """
    if header is None:
        return Whole()
    unit, equals, specs = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return Whole()
    found = [_SPEC.fullmatch(spec) for spec in specs.split(",")]
    if not all(match and (match[1] or match[2]) for match in found):
        return Unsatisfiable()
    if len(found) > 1 or found[0] is None:
        return Whole()
    return _resolve(found[0][1], found[0][2], size)


def _resolve(first: str, last: str, size: int) -> Part | Unsatisfiable:
    if not first:
        length = min(_number(last), size)
        return Part(size - length, length) if length else Unsatisfiable()
    start = _number(first)
    end = min(_number(last), size - 1) if last else size - 1
    if start >= size or end < start:
        return Unsatisfiable()
    return Part(start, end - start + 1)


def _number(digits: str) -> int:
    """Return the value, or a size no file has: int() refuses thousands of digits."""
    return int(digits) if len(digits) <= 18 else _HUGE


def http_date(moment: datetime) -> str:
    """Return an HTTP date."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _client_has_it(headers: Mapping[str, str], etag: str, last_modified: datetime) -> bool:
    known = headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or etag in {
            match[0].removeprefix("W/") for match in _ETAG.finditer(known)
        }
    since = _date(headers.get("if-modified-since"))
    return since is not None and last_modified.replace(microsecond=0) <= since


def _unchanged(condition: str, etag: str, last_modified: datetime) -> bool:
    """Return whether an If-Range condition holds; a weak tag never does."""
    if condition.startswith(('"', "W/")):
        return condition == etag
    return _date(condition) == last_modified.astimezone(UTC).replace(microsecond=0)


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
