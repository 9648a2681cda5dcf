import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of boxes are made and thrown away here."""
    with tempfile.TemporaryDirectory(prefix="vg-", dir=_MEMORY if _MEMORY.is_dir() else None) as made:
        yield Path(made)
