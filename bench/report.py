"""How a bench says what it found: a table for people, one JSON object on the last line for programs."""

import argparse
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

type Beside = Mapping[str, float | int | str | bool | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One bench's result. `beside` holds the floor and the baselines measured in the same run."""

    name: str
    value: float
    unit: str
    target: str
    holds: bool
    beside: Beside


def arguments(argv: list[str], description: str) -> argparse.Namespace:
    """Parse what every bench understands: `--json` and `--full`."""
    return common_parser(description).parse_args(argv)


def common_parser(description: str) -> argparse.ArgumentParser:
    """Return the parser of that, for benches that understand more."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.add_argument("--full", action="store_true", help="measure longer, as for the docs")
    return parser


def note(text: str) -> None:
    """Say what is going on, on stderr: stdout belongs to the result."""
    print(text, file=sys.stderr, flush=True)


def _shown(value: object) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def machine() -> str:
    """Return one line about the machine, so that a number is never quoted without it."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            x.partition(":")[2].strip() for x in cpuinfo.read_text().splitlines() if x[:10] == "model name"
        ]
        model = f"{len(names)} x {names[0]}" if names else model
    return f"{model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def report(finding: Finding, *, as_json: bool) -> int:
    """Print the finding; return the exit code: 0 if the target holds, 1 if not."""
    verdict = "holds" if finding.holds else "DOES NOT HOLD"
    print(f"{finding.name}: {_shown(finding.value)} {finding.unit}  (target {finding.target}: {verdict})")
    width = max((len(key) for key in finding.beside), default=0)
    for key, value in finding.beside.items():
        print(f"  {key:<{width}}  {_shown(value)}")
    print(f"  on {machine()}")
    if as_json:
        print(json.dumps(asdict(finding)))
    return 0 if finding.holds else 1
