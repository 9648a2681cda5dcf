"""How many requests were answered, and how."""

from collections import Counter
from collections.abc import Iterator


class RequestCounts:
    """How many requests were answered, by method, path template and status: a bounded set of labels."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self.websockets = 0

    def note(self, method: str, route: str, status: int) -> None:
        """Count one; methods HTTP does not know are counted as one."""
        known = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
        self._counts[known, route, status] += 1

    def all(self) -> Iterator[tuple[str, str, int, int]]:
        """Return (method, route, status, count)."""
        for (method, route, status), count in self._counts.items():
            yield method, route, status, count
