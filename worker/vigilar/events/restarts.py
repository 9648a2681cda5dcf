"""How often the worker's processes were restarted, as the supervisor writes it down."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from vigilar.api.services import HealthItem
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.event import Severity

STATE_FILE: Final = "supervisor.json"
LATELY_S: Final = 600


class _Process(msgspec.Struct):
    restarts: int = 0


class SupervisorState(msgspec.Struct):
    """What the supervisor writes, as far as it is wanted here."""

    pid: int
    processes: dict[str, _Process]


class Restarts:
    """The counts, and which of them rose lately."""

    def __init__(self, run_dir: Path, clock: Clock) -> None:
        self._path = run_dir / STATE_FILE
        self._clock = clock
        self._rose_ns: dict[str, int] = {}
        self.counts: Mapping[str, int] = {}
        """Process name → times it was restarted. Empty when the worker runs without its supervisor."""
        self.supervisor = ""
        """Which supervisor counts: after another one's start the counts begin anew."""

    def read(self) -> SupervisorState | None:
        """Return what is written now; None when it cannot be read. Blocks."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=SupervisorState)
        except (OSError, msgspec.MsgspecError):
            return None

    def take_in(self, state: SupervisorState | None) -> dict[str, int]:
        """Keep what was read; return process → its count, where that rose since the last time."""
        if state is None:
            return {}
        counts = {name: process.restarts for name, process in state.processes.items()}
        rose = {name: count for name, count in counts.items() if count > self.counts.get(name, 0)}
        self._rose_ns |= dict.fromkeys(rose, self._clock.monotonic_ns())
        self.counts = counts
        self.supervisor = f"{self._clock.instant().boot_id} {state.pid}"
        return rose

    def items(self) -> Iterator[HealthItem]:
        """Yield one item per process that was restarted in the last ten minutes."""
        now = self._clock.monotonic_ns()
        for name, rose_ns in self._rose_ns.items():
            if now - rose_ns < LATELY_S * NANOSECONDS:
                times = self.counts.get(name, 0)
                message = (
                    f"process {name} was restarted within the last ten minutes ({times} times altogether)"
                )
                camera = name.removeprefix("capture:") if name.startswith("capture:") else ""
                yield HealthItem("process_restarted", Severity.WARNING, message, camera)
