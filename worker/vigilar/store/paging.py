"""Keyset paging: a cursor is the last row's place in the order, opaque to who carries it."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, literal, tuple_

from vigilar.domain.errors import InvalidRequestError
from vigilar.store.tables import EPOCH, from_micros, to_micros

MAX_LIMIT: Final = 500
MAX_CURSOR: Final = 256
_LATEST: Final = to_micros(datetime.max.replace(tzinfo=EPOCH.tzinfo))


def encode_cursor(start: datetime, row_id: str) -> str:
    """Return the cursor that continues after the row (start, id)."""
    return base64.urlsafe_b64encode(json.dumps([to_micros(start), row_id]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """Return (start, id). Raises InvalidRequestError for a cursor that is not ours."""
    problem = "the cursor is not one this server gave out: leave it away to start from the newest"
    if len(cursor) > MAX_CURSOR:
        raise InvalidRequestError(problem)
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        decoded = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as err:
        raise InvalidRequestError(problem) from err
    match decoded:
        case [int(micros), str(row_id)] if not isinstance(micros, bool) and 0 <= micros <= _LATEST:
            return from_micros(micros), row_id
    raise InvalidRequestError(problem)


def page_of(
    select: Select[Any], start: ColumnElement[Any], row_id: ColumnElement[Any], limit: int, cursor: str | None
) -> Select[Any]:
    """Return `select` ordered newest first, from `cursor` on, with one row more than `limit` to see the end.

    Raises InvalidRequestError for a cursor that is not ours or a limit outside 1…500.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequestError(f"limit is {limit}: it must be 1 to {MAX_LIMIT}")
    if cursor is not None:
        # Typed by hand: inside a tuple the values would not be bound as their columns' types.
        after, after_id = decode_cursor(cursor)
        place = tuple_(literal(after, start.type), literal(after_id, row_id.type))
        select = select.where(tuple_(start, row_id) < place)
    return select.order_by(start.desc(), row_id.desc()).limit(limit + 1)


def next_cursor(rows: Sequence[Any], limit: int) -> str | None:
    """Return the cursor after the last row shown, None when `rows` (limit + 1 at most) is the last page."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return encode_cursor(last.start, last.id)
