"""What is known of the clock, kept in the data folder across restarts."""

import logging
from pathlib import Path
from typing import Final

import msgspec

from vigilar.domain.clock import NANOSECONDS
from vigilar.files.durable import DurableFiles
from vigilar.retention.trust import ClockTrust

log = logging.getLogger(__name__)

NAME: Final = "clock_trust.json"
KEEP_EVERY_NS: Final = 600 * NANOSECONDS
"""Often enough to tell an hour; seldom enough for a memory card."""


class ClockMemory:
    """One small file. Blocks."""

    def __init__(self, data_dir: Path, files: DurableFiles) -> None:
        self._path = data_dir / NAME
        self._files = files
        self._kept: ClockTrust | None = None

    def load(self) -> ClockTrust | None:
        """Return what was kept; None when there is nothing, or nothing that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=ClockTrust)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as err:
            log.warning("%s cannot be read and is begun anew: %s", NAME, err)
            return None

    def keep(self, trust: ClockTrust) -> None:
        """Keep it when it is time or something else than the time changed. A full disk is only logged."""
        if not self._worth_keeping(trust):
            return
        try:
            self._files.write_atomic(self._path, msgspec.json.encode(trust))
        except OSError as err:
            log.warning("%s cannot be kept: %s", NAME, err.strerror)
        self._kept = trust  # on failure too: tried again after the usual time, not at every look

    def _worth_keeping(self, trust: ClockTrust) -> bool:
        kept = self._kept
        if kept is None or trust.boot_id != kept.boot_id:
            return True
        if (trust.doubt_s, trust.anchored, trust.strays) != (kept.doubt_s, kept.anchored, kept.strays):
            return True
        return trust.seen_ns - kept.seen_ns >= KEEP_EVERY_NS
