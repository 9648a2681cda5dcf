"""`python -m vigilar.backup`: one survey or one backup, asked for on stdin, answered on stdout.

A process of its own, because it reads the cameras' credentials, which the core never holds, and because it
may hang with a network folder.
"""

import sys
from pathlib import Path

import msgspec

from vigilar.backup.child import Answer, Request
from vigilar.backup.places import Places
from vigilar.backup.shelf import Shelf
from vigilar.domain.errors import VigilarError
from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import VaultError
from vigilar.vault.keys import KeyRing


def main() -> int:
    """Do what is asked; what went wrong is in the answer."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    sys.stdout.buffer.write(msgspec.json.encode(answer(request)))
    return 0


def answer(request: Request) -> Answer:
    """Return what came of it."""
    try:
        shelf = shelf_of(request)
        if request.make:
            made = shelf.make(request.now)
            return Answer(str(made.path), made.at)
        survey = shelf.survey(request.now)
    except (VigilarError, VaultError) as err:
        return Answer(error=str(err))
    except OSError as err:
        return Answer(error=f"{err.filename or 'the backup'}: {err.strerror or err}")
    if survey.newest is None:
        return Answer(damaged=survey.damaged)
    return Answer(str(survey.newest.path), survey.newest.at, survey.damaged)


def shelf_of(request: Request) -> Shelf:
    """Return the shelf a request is about. Raises VaultError."""
    settings = request.settings
    return Shelf(
        Path(settings.backup.path),
        settings.backup.keep,
        Places.of(settings, Path(request.database)),
        keys=KeyRing.load(Path(settings.key_dir)),
        files=DurableFiles(),
    )


if __name__ == "__main__":
    sys.exit(main())
