"""Making room before anything is opened: on a full disk not even the database could be."""

import logging
from pathlib import Path

from vigilar.domain.settings import CoreSettings
from vigilar.files.durable import DurableFiles
from vigilar.recordings.deletion import Remover
from vigilar.recordings.places import Places
from vigilar.retention.evictor import Evictor
from vigilar.retention.memory import ClockMemory
from vigilar.retention.policy import limits_of
from vigilar.vault.keys import KeyRing

log = logging.getLogger(__name__)


def make_room_if_full(settings: CoreSettings, keys: KeyRing, files: DurableFiles) -> None:
    """Let go what the limits demand when next to nothing is free. Blocks; never fails.

    The rows of what went follow when the index is brought in line with the files.
    """
    evictor = Evictor(Remover(Places(Path(settings.storage_root)), keys, files), limits_of(settings))
    try:
        if not evictor.full(evictor.disk()):
            return
        trust = ClockMemory(Path(settings.data_dir), files).load()
        done = evictor.round(evictor.look(() if trust is None else trust.strays))
    except FileNotFoundError:
        return  # the first start: there is no folder yet
    except OSError as err:
        log.warning("the disk of the recordings cannot be looked at: %s", err)
        return
    log.warning("the disk was full at the start: %d recordings were let go", len(done.gone))
