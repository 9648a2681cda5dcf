"""`python -m vigilar.look --config-fd N --lifeline-fd M`: look for all cameras until told to stop."""

import argparse
import gc
import logging
import os
import signal
import sys

import cv2
import msgspec
import zmq

from vigilar import logs
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import LookSettings
from vigilar.look.process import LookProcess, open_lines

_LOG = logging.getLogger("vigilar.look")


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or the lifeline's end; return the exit code, 2 for settings that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m vigilar.look", description="Look for all cameras.")
    parser.add_argument("--config-fd", type=int, required=True, help="where to read LookSettings (JSON) from")
    parser.add_argument("--lifeline-fd", type=int, help="descriptor whose end-of-file means: stop")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group
    stopped = _readable_at_sigterm()
    try:
        with os.fdopen(options.config_fd, "rb") as config:
            settings = msgspec.json.decode(config.read(), type=LookSettings)
    except (OSError, msgspec.MsgspecError) as err:
        sys.stderr.write(f"look: the settings handed to this process cannot be read: {err}\n")
        return 2
    logs.configure(settings.log_level, settings.log_format, "look")
    stop_fds = (stopped,) if options.lifeline_fd is None else (stopped, options.lifeline_fd)
    return run(settings, stop_fds)


def _readable_at_sigterm() -> int:
    """Return a descriptor that becomes readable at SIGTERM, and stays so."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)

    def tell(_number: int, _frame: object) -> None:
        os.write(writable, b".")

    signal.signal(signal.SIGTERM, tell)
    return readable


def run(settings: LookSettings, stop_fds: tuple[int, ...]) -> int:
    """Build, run, stop; return the exit code."""
    # One thread: the pictures are small, and the other cores belong to those who record.
    cv2.setNumThreads(1)
    clock, context = SystemClock(), zmq.Context[zmq.Socket[bytes]]()
    try:
        lines = open_lines(context, settings.run_dir, settings.cameras, clock)
    except zmq.ZMQError as err:
        _LOG.critical("cannot look: a socket in %s cannot be opened (%s)", settings.run_dir, err.strerror)
        return 1
    process = LookProcess(settings, lines, clock=clock, stop_fds=stop_fds)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection needs to walk it again
    process.run()
    lines.close()
    context.term()
    return 0


if __name__ == "__main__":
    sys.exit(main())
