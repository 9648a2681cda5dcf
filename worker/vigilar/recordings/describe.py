"""Reading what a sealed file says of itself."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from vigilar.domain.clip import Clip
from vigilar.domain.recording import UnreadableRecordingError, clip_of, decode_head, decode_tail
from vigilar.recordings.places import Places
from vigilar.vault.errors import VaultError
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader


@dataclass(frozen=True, slots=True)
class Described:
    """A recording with the events it shows."""

    clip: Clip
    event_ids: tuple[str, ...]
    starred: bool = False


def describe(places: Places, relative: str, keys: KeyRing) -> Described:
    """Read the head and tail of the file at `relative`. Blocks; decrypts only the end of the file.

    Raises UnreadableRecordingError when the file is damaged, not ours to open, or belongs somewhere else.
    """
    path = places.file_of(relative)
    try:
        with VaultReader.open(path, keys, unfinished=False) as reader:
            if reader.tail is None:
                raise UnreadableRecordingError(f"{relative}: it has no end that says what it is")
            head, tail = decode_head(reader.meta), decode_tail(reader.tail)
            file_id = reader.file_id
        size = path.stat().st_size
    except (VaultError, OSError) as err:
        raise UnreadableRecordingError(f"{relative}: {err}") from err
    folder = PurePosixPath(relative).parts
    if head.camera != folder[1] or head.clip_id != PurePosixPath(relative).stem:
        raise UnreadableRecordingError(f"{relative}: it is recording {head.clip_id}, put in another's place")
    clip = clip_of(head, tail, path=relative, size_bytes=size, file_id=file_id)
    events = dict.fromkeys((*(() if head.event_id is None else (head.event_id,)), *tail.event_ids))
    return Described(clip, tuple(events))
