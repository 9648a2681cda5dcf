"""Something that counts only once it has held for a while, and is over only once it has been gone for one."""


class Sustained:
    """`first_ns`/`last_ns`: when it was first and last so, this time; 0 while it is not."""

    def __init__(self, hold_ns: int, over_ns: int) -> None:
        """Told after `hold_ns` without a break, over after `over_ns` without it."""
        self._hold_ns = hold_ns
        self._over_ns = over_ns
        self.first_ns = self.last_ns = 0
        self.told = False

    @property
    def suspected(self) -> bool:
        """Whether it is so, or seems to begin."""
        return self.first_ns > 0

    def note(self, so: bool, at_ns: int, *, since_ns: int | None = None) -> None:
        """Take note that it is so, or not; `since_ns`: it has been so for longer than was noted."""
        if so:
            if not self.first_ns:
                self.first_ns = since_ns or at_ns
            self.last_ns = at_ns
            self.told = self.told or at_ns - self.first_ns >= self._hold_ns
        elif not self.told or at_ns - self.last_ns >= self._over_ns:
            self.clear()

    def clear(self) -> None:
        """It is not so."""
        self.first_ns = self.last_ns = 0
        self.told = False
