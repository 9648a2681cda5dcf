"""Records: the STREAM construction over AES-256-GCM, one record per fragment.

On disk: word u32 ‖ time u32 ‖ ciphertext ‖ tag. The word's top bit marks the final record, the next one a
record that the following one continues (a fragment over 1 MiB), the rest is the plaintext's length.
"""

import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigilar.vault.errors import DamagedError
from vigilar.vault.primitives import TAG_BYTES

PREFIX: Final = struct.Struct(">II")
OVERHEAD: Final = PREFIX.size + TAG_BYTES
MAX_PLAIN: Final = 1 << 20
MAX_FINAL: Final = 1 << 26
MAX_RECORDS: Final = 1 << 22
FINAL: Final = 1 << 31
CONTINUES: Final = 1 << 30
LENGTH: Final = CONTINUES - 1
_AAD: Final = struct.Struct(">32sIII")
_NONCE: Final = struct.Struct(">7sIB")


@dataclass(frozen=True, slots=True, repr=False)
class RecordCipher:
    """Seals and opens the records of one file. `header_hash` 32 bytes, `nonce_prefix` 7, `key` 32."""

    key: bytes
    nonce_prefix: bytes
    header_hash: bytes
    _aead: AESGCM

    @classmethod
    def of(cls, key: bytes, nonce_prefix: bytes, header_hash: bytes) -> "RecordCipher":
        """Make one."""
        return cls(key, nonce_prefix, header_hash, AESGCM(key))

    def seal_into(self, counter: int, word: int, time_ms: int, plain: bytes, out: memoryview) -> int:
        """Write the whole record (prefix, ciphertext, tag) into `out`; return its length."""
        PREFIX.pack_into(out, 0, word, time_ms)
        size = OVERHEAD + len(plain)
        nonce = _NONCE.pack(self.nonce_prefix, counter, word >> 31)
        aad = _AAD.pack(self.header_hash, counter, word, time_ms)
        self._aead.encrypt_into(nonce, plain, aad, out[PREFIX.size : size])
        return size

    def open(self, counter: int, word: int, time_ms: int, sealed: bytes | memoryview) -> bytes:
        """Return the plaintext of ciphertext ‖ tag. Raises DamagedError."""
        nonce = _NONCE.pack(self.nonce_prefix, counter, word >> 31)
        aad = _AAD.pack(self.header_hash, counter, word, time_ms)
        try:
            return self._aead.decrypt(nonce, sealed, aad)
        except InvalidTag as err:
            raise DamagedError(f"record {counter} is not what was written") from err


def split_word(word: int) -> tuple[int, bool, bool]:
    """Return (plaintext length, final, continues)."""
    return word & LENGTH, bool(word & FINAL), bool(word & CONTINUES)
