"""Reading a backup: proven whole first, then member by member."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vigilar.backup.errors import BackupError, DamagedBackupError, NewerBackupError, WrongBackupKeyError
from vigilar.backup.manifest import Manifest, check_head, unpack_manifest
from vigilar.vault.errors import UnsupportedError, VaultError, WrongKeyError
from vigilar.vault.header import MAGIC
from vigilar.vault.parcel import NO_CAMERA
from vigilar.vault.reader import VaultReader
from vigilar.vault.verify import FileStatus, verify_file
from vigilar.vault.wrapping import Opener

_PIECE: Final = 1 << 20


class OpenBackup:
    """A backup whose every byte was checked. `close` it."""

    def __init__(self, path: Path, reader: VaultReader, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self._reader = reader
        self._places: dict[str, tuple[int, int]] = {}
        at = 0
        for member in manifest.members:
            self._places[member.name] = (at, member.size)
            at += member.size

    @classmethod
    def open(cls, path: Path, keys: Opener) -> "OpenBackup":
        """Check the whole file and open it.

        Raises DamagedBackupError, WrongBackupKeyError, NewerBackupError, BackupError.
        """
        try:
            _prove(path, keys)
            reader = VaultReader.open(path, keys, unfinished=False)
        except VaultError as err:
            raise DamagedBackupError(f"{path} is damaged: {err}") from err
        except OSError as err:
            raise BackupError(f"{path} cannot be read: {err.strerror}") from err
        try:
            check_head(reader.facts.meta)
            final = reader.facts.final
            manifest = unpack_manifest(final.tail if final is not None else b"", reader.size)
        except BackupError as err:
            reader.close()
            raise type(err)(f"{path}: {err}") from err
        return cls(path, reader, manifest)

    def read(self, name: str) -> bytes:
        """Return a member's content. Raises BackupError."""
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's content, at most 1 MiB at a time. Raises BackupError."""
        start, size = self._places[name]
        for at in range(start, start + size, _PIECE):
            try:
                yield self._reader.read(at, min(_PIECE, start + size - at))
            except VaultError as err:
                raise DamagedBackupError(f"it changed while it was read: {err}") from err

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def __enter__(self) -> "OpenBackup":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def check(path: Path, keys: Opener) -> Manifest:
    """Read every byte of a backup; return its list of content. Raises what `OpenBackup.open` raises."""
    with OpenBackup.open(path, keys) as opened:
        return opened.manifest


def _prove(path: Path, keys: Opener) -> None:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DamagedBackupError(f"{path} is no backup, or its beginning is damaged")
    try:
        report = verify_file(path, keys, closed_suffix="")
    except WrongKeyError as err:
        raise WrongBackupKeyError(
            f"{path}: the key given does not open it; it opens with the recovery key of the box that "
            "made it, and with that box's own key until the key was rotated"
        ) from err
    except UnsupportedError as err:
        raise NewerBackupError(f"{path}: made by a newer Vigilar ({err})") from err
    if report.status is not FileStatus.SEALED:
        raise DamagedBackupError(f"{path} is damaged: {'; '.join(report.reasons)}")
    if report.camera != NO_CAMERA:
        raise DamagedBackupError(f"{path} is a recording of camera {report.camera}, no backup")
