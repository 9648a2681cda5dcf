"""A file that only takes space: given up when the disk is full, so that deletions can be journalled."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.retention.holdings import Disk

log = logging.getLogger(__name__)

NAME: Final = "ballast"
SIZE: Final = 32 << 20
_SHARE: Final = 50
"""On a small disk: this part of it."""
_LEAST: Final = 1 << 20


def size_on(disk: Disk) -> int:
    """Return how large the ballast is on such a disk, in bytes."""
    return min(SIZE, max(_LEAST, disk.total // _SHARE))


class Ballast:
    """The file in the storage folder. Blocks."""

    def __init__(self, root: Path, files: DurableFiles) -> None:
        self.path = root / NAME
        self._files = files

    def there(self) -> bool:
        """Return whether it is there to be given up."""
        return self.path.exists()

    def spend(self) -> bool:
        """Give it up; return whether it was there. Raises OSError."""
        if not self.there():
            return False
        self._files.unlink(self.path)
        log.warning("the disk is full: the ballast was given up so that deletions can be written down")
        return True

    def make(self, size: int) -> None:
        """Take the space again. Raises OSError; then nothing is left behind."""
        unfinished = self.path.with_name(f".{NAME}.tmp")
        self._files.unlink(unfinished)
        fd = self._files.open_exclusive(unfinished)
        try:
            self._files.allocate(fd, size)
            self._files.fdatasync(fd)
            self._files.replace(unfinished, self.path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
