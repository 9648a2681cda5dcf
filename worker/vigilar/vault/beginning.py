"""The first bytes of a new recording: header and key slots, durable before anything is recorded."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import InUseError, WriteFailedError
from vigilar.vault.header import Header, hash_header, pack_header
from vigilar.vault.keys import KeyRing
from vigilar.vault.primitives import KEY_BYTES, file_keys, random_bytes
from vigilar.vault.records import RecordCipher
from vigilar.vault.slots import AREAS, pack_area


@dataclass(frozen=True, slots=True, repr=False)
class NewFile:
    """What a new file is made of; random except in test vectors."""

    file_id: bytes = field(default_factory=lambda: random_bytes(16))
    nonce_prefix: bytes = field(default_factory=lambda: random_bytes(7))
    data_key: bytes = field(default_factory=lambda: random_bytes(KEY_BYTES))


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """A new file's first bytes (header and both slot areas), and what seals its records."""

    block: bytes
    cipher: RecordCipher


def begin_file(new: NewFile, keys: KeyRing, camera: str, start: datetime, meta: bytes) -> Begun:
    """Derive a new file's keys, pack its header, wrap its data key."""
    derived = file_keys(new.data_key, new.file_id)
    block = pack_header(Header(new.file_id, new.nonce_prefix, derived.commitment, camera, start, meta))
    header_hash = hash_header(block)
    area = pack_area(1, keys.wrap(new.data_key, header_hash), derived.slots, header_hash)
    cipher = RecordCipher.of(derived.record, new.nonce_prefix, header_hash)
    return Begun(block + area * AREAS, cipher)


def create_file(part: Path, block: bytes, camera: str, files: DurableFiles) -> int:
    """Create the part, locked, its first bytes durable; return its descriptor.

    Raises InUseError, WriteFailedError.
    """
    try:
        files.mkdir(part.parent)
        fd = create_locked(part, files)
    except FileExistsError as err:
        raise InUseError(f"camera {camera}: the recording {part.name} is being written already") from err
    except OSError as err:
        raise WriteFailedError(f"camera {camera}: {part} cannot be created: {err.strerror}") from err
    try:
        files.write(fd, block)
        files.fdatasync(fd)
        files.fsync_dir(part.parent)
    except OSError as err:
        os.close(fd)
        raise WriteFailedError(f"camera {camera}: {part} cannot be written: {err.strerror}") from err
    return fd


def create_locked(part: Path, files: DurableFiles) -> int:
    """Create and lock a file; return its descriptor.

    Again, if a recovery that looked in between took it for torn and removed it. Raises OSError.
    """
    while True:
        fd = files.open_exclusive(part)
        files.lock(fd)
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)
