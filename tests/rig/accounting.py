"""What a tree of processes uses, read from /proc: CPU seconds and proportional memory."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """One process: its name as we know it, CPU seconds so far (reaped children included), PSS in MiB."""

    pid: int
    name: str
    cpu_s: float
    pss_mib: float


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def descendants(pid: int) -> list[int]:
    """Return `pid` and everything below it that is alive."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
            except (OSError, ValueError):
                continue
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        queue += parents.get(current, [])
    return found


def name_of(pid: int) -> str:
    """Return `capture`, `look`, `core` or `supervisor`, told from the command line."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    for index, word in enumerate(words[:-1]):
        if word == "-m":
            return words[index + 1].removeprefix("vigilar.")
    return "supervisor"


def pss_mib(pid: int) -> float:
    """Return the proportional set size: shared pages counted once over all who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """Return user + system time of a process, with that of the children it has reaped."""
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / _TICKS


def use_of(pid: int) -> list[ProcessUse]:
    """Return what `pid` and all below it use. Processes that end while we look are left out."""
    uses = []
    for each in descendants(pid):
        try:
            uses.append(ProcessUse(each, name_of(each), cpu_seconds(each), pss_mib(each)))
        except OSError:
            continue
    return uses
