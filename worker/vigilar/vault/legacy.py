"""Version 1 files: a 16-byte IV, then AES-256-CTR over the whole MP4. Nothing in them proves itself."""

import os
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vigilar.vault.errors import WrongKeyError

IV_BYTES: Final = 16
_BLOCK: Final = 16
_LOOK: Final = 12
_BOX_TYPES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})


class LegacyContent:
    """Random access to a version 1 file's plaintext."""

    __slots__ = ("_fd", "_key", "_start", "iv", "size")

    def __init__(self, fd: int, key: bytes) -> None:
        self._fd, self._key = fd, key
        self.iv = os.pread(fd, IV_BYTES, 0)
        self.size = max(0, os.fstat(fd).st_size - IV_BYTES)
        self._start = int.from_bytes(self.iv)

    def read(self, start: int, length: int) -> bytes:
        """Return plaintext [start, start + length), cut at the end."""
        skip = start % _BLOCK
        counter = (self._start + start // _BLOCK) % (1 << 128)
        sealed = os.pread(self._fd, length + skip, IV_BYTES + start - skip)
        decryptor = Cipher(algorithms.AES(self._key), modes.CTR(counter.to_bytes(16))).decryptor()
        return decryptor.update(sealed)[skip:]


def open_legacy(fd: int, keys: tuple[bytes, ...]) -> LegacyContent:
    """Open with the first key under which the file begins like an MP4. Raises WrongKeyError."""
    if len(os.pread(fd, IV_BYTES + _LOOK, 0)) == IV_BYTES + _LOOK:
        for key in keys:
            content = LegacyContent(fd, key)
            if content.read(0, _LOOK)[4:8] in _BOX_TYPES:
                return content
    raise WrongKeyError(
        "not a version 2 recording, and none of the keys given opens it as a version 1 file: "
        "it is damaged, no recording at all, or needs the key file it was made with"
    )
