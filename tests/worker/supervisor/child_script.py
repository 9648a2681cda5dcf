"""A tiny child for the supervisor's tests. Acts as its settings say; notes what happens to it in a file.

settings: {"notes": file, "name": …, "behaviour": "obey" | "ignore_term" | "crash" | "slow_exit"}
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    with os.fdopen(int(arguments["--config-fd"])) as config:
        settings = json.loads(config.read())
    lifeline = int(arguments["--lifeline-fd"])
    notes = Path(settings["notes"])

    def note(what: str) -> None:
        with notes.open("a") as out:
            out.write(f"{settings['name']} {what} {os.getpid()} {time.monotonic():.3f}\n")

    note("up")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    behaviour = settings["behaviour"]
    if behaviour == "crash":
        os._exit(3)
    ignoring = behaviour == "ignore_term"
    signal.signal(signal.SIGTERM, signal.SIG_IGN if ignoring else lambda *_: None)
    wakeup, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    select.select([wakeup] if ignoring else [wakeup, lifeline], [], [], 60)
    if behaviour == "slow_exit":
        time.sleep(0.5)
    note("down")


main()
