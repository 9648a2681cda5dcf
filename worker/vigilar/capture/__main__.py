"""`python -m vigilar.capture --config-fd N --lifeline-fd M`: record one camera until told to stop."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

import zmq

from vigilar import logs
from vigilar.capture.control import read_settings
from vigilar.capture.process import build
from vigilar.domain.clock import SystemClock
from vigilar.domain.errors import VigilarError
from vigilar.domain.settings import CaptureSettings
from vigilar.vault.errors import VaultError

_LOG = logging.getLogger("vigilar.capture")


USAGE: Final = """usage: python -m vigilar.capture --config-fd N [--lifeline-fd M]

Record one camera. N: descriptor to read CaptureSettings (JSON) from. M: its end-of-file means: seal and exit.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or the lifeline's end; return 0 when everything was sealed."""
    given = descriptors(sys.argv[1:] if argv is None else argv)
    if given is None:
        sys.stderr.write(USAGE)
        return 2
    config_fd, lifeline_fd = given
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group
    try:
        with os.fdopen(config_fd, "rb") as config:
            settings = read_settings(config.read(), CaptureSettings)
    except (OSError, VigilarError) as err:
        sys.stderr.write(f"capture: {err}\n")
        return 2
    logs.configure(settings.log_level, settings.log_format, f"capture:{settings.camera}")
    return run(settings, lifeline_fd)


def descriptors(argv: Sequence[str]) -> tuple[int, int | None] | None:
    """Return (config, lifeline), or None for arguments that are not ours.

    By hand: argparse and what it loads would cost every capture process a quarter of a megabyte.
    """
    given = dict(zip(argv[::2], argv[1::2], strict=False))
    config, lifeline = given.pop("--config-fd", ""), given.pop("--lifeline-fd", "0")
    if given or len(argv) % 2 or not config.isdecimal() or not lifeline.isdecimal():
        return None
    return int(config), int(lifeline) if "--lifeline-fd" in argv else None


def run(settings: CaptureSettings, lifeline_fd: int | None) -> int:
    """Build, run, stop; return the exit code."""
    try:
        process = build(settings, context=zmq.Context(), clock=SystemClock(), lifeline_fd=lifeline_fd)
    except (VaultError, OSError, VigilarError) as err:
        _LOG.critical("cannot record: %s", err, extra={"camera": settings.camera})
        return 1
    signal.signal(signal.SIGTERM, lambda _number, _frame: process.control.ask_to_stop())
    process.start()
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection needs to walk it again
    process.control.run()
    sealed = process.stop()
    return 0 if sealed and not process.control.stuck else 1


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # A stream may sit in libav until its time-out; tearing the interpreter down under it would crash.
    os._exit(code)
