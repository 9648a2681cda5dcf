"""Sizes as people write them: `200GB`, `1.5 TiB`, or plain bytes."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_UNITS: Final = {
    "": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_PATTERN: Final = r"^\s*\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]?\s*$"
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b|)b?\s*", re.IGNORECASE)
_LARGEST: Final = 1 << 60
_LEAST_BUDGET: Final = 100 * 10**6


def bytes_of(text: str) -> int:
    """Return how many bytes a written size is. Raises ValueError for what is none."""
    match = _SIZE.fullmatch(text) or _SIZE.fullmatch(f"{text.rstrip()}B")
    if match is None:
        raise ValueError("is not a size")
    size = float(match[1]) * _UNITS[match[2].lower()]
    if size > _LARGEST:
        raise ValueError("is larger than any disk")
    return int(size)


def _parsed(value: Any) -> Any:
    """Turn text into bytes; refuse truth values, which the number's own check would let by."""
    if isinstance(value, str):
        return bytes_of(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("is not a size")  # noqa: TRY004 - pydantic reports ValueErrors
    return value


type Size = Annotated[
    int,
    Field(ge=0, le=_LARGEST),
    BeforeValidator(
        _parsed,
        json_schema_input_type=Annotated[int, Field(ge=0)]
        | Annotated[str, StringConstraints(pattern=_PATTERN)],
    ),
]
"""Bytes."""


def _roomy(value: int) -> int:
    """Refuse a budget that is surely a forgotten unit: it would empty the disk."""
    if value < _LEAST_BUDGET:
        raise ValueError(
            "is less than 100MB, room for no more than a few clips; a number without unit is bytes"
        )
    return value


type Budget = Annotated[Size, AfterValidator(_roomy)]
"""Bytes that recordings may take."""
