"""`python -m vigilar.core --config-fd N --lifeline-fd M`: index, events and API, until told to stop."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys

import msgspec

from vigilar import logs
from vigilar.core.ground import Ground, lay
from vigilar.core.process import CoreProcess
from vigilar.domain.clock import Clock, SystemClock
from vigilar.domain.errors import VigilarError
from vigilar.domain.settings import CoreSettings
from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import VaultError

log = logging.getLogger("vigilar.core")


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or the lifeline's end: 0. When the core cannot go on: 1. Bad settings: 2."""
    parser = argparse.ArgumentParser(prog="python -m vigilar.core", description="Index, events, API.")
    parser.add_argument("--config-fd", type=int, required=True, help="where to read CoreSettings (JSON) from")
    parser.add_argument("--lifeline-fd", type=int, help="descriptor whose end-of-file means: stop")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the supervisor decides
    try:
        with os.fdopen(options.config_fd, "rb") as config:
            settings = msgspec.json.decode(config.read(), type=CoreSettings)
    except (OSError, msgspec.MsgspecError) as err:
        sys.stderr.write(f"core: the settings handed to this process cannot be read: {err}\n")
        return 2
    logs.configure(settings.log_level, settings.log_format, "core")
    clock = SystemClock()
    try:
        ground = lay(settings, clock, DurableFiles())
    except (VaultError, VigilarError) as err:
        log.critical("cannot start: %s", err)
        return 1
    except OSError as err:
        log.critical("cannot start: %s: %s", err.filename, err.strerror)
        return 1
    return asyncio.run(run(settings, ground, clock, options.lifeline_fd))


async def run(settings: CoreSettings, ground: Ground, clock: Clock, lifeline_fd: int | None) -> int:
    """Run the core in this loop; return its exit code."""
    process = CoreProcess(settings, ground, clock)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, process.stop)
    if lifeline_fd is not None:
        process.watch(lifeline_fd)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection needs to walk it again
    return await process.run()


if __name__ == "__main__":
    sys.exit(main())
