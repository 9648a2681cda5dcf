"""Keys derived and wrapped, digests, MACs: the few shapes in which the vault uses `cryptography`.

`hashlib`, `hmac` and `secrets` would load the system's OpenSSL beside the one `cryptography` brings: more
than a megabyte in every capture process.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16
TAG_BYTES: Final = 16
MAC_BYTES: Final = 32
SEALED_KEY_BYTES: Final = 80  # X25519 share 32 ‖ key 32 ‖ tag 16

_RECORD_LABEL: Final = b"vigilar vge2 record key"
_COMMITMENT_LABEL: Final = b"vigilar vge2 key commitment"
_SLOTS_LABEL: Final = b"vigilar vge2 slot area mac"
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True, repr=False)
class FileKeys:
    """What a file's data key becomes: AES-256-GCM key, key commitment, the slot areas' MAC key."""

    record: bytes
    commitment: bytes
    slots: bytes


def random_bytes(count: int) -> bytes:
    """Return that many bytes from the system's source of randomness."""
    return os.urandom(count)


def sha256(*parts: bytes) -> bytes:
    """Return SHA-256 over the parts one after the other."""
    return sha256_of(parts)


def sha256_of(parts: Iterable[bytes]) -> bytes:
    """Return the same over any number of parts, which need not be in memory together."""
    digest = hashes.Hash(hashes.SHA256())
    for part in parts:
        digest.update(part)
    return digest.finalize()


def derive(secret: bytes, label: bytes, salt: bytes = b"") -> bytes:
    """Return 32 bytes: HKDF-SHA256(secret, salt, info=label)."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt or None, info=label).derive(secret)


def file_keys(data_key: bytes, file_id: bytes) -> FileKeys:
    """Return the keys of the file `file_id` (16 bytes)."""
    return FileKeys(
        record=derive(data_key, _RECORD_LABEL, file_id),
        commitment=derive(data_key, _COMMITMENT_LABEL, file_id),
        slots=derive(data_key, _SLOTS_LABEL, file_id),
    )


def mac(key: bytes, *parts: bytes) -> bytes:
    """Return HMAC-SHA256 over the parts one after the other (each of fixed length, or the last one)."""
    code = HMAC(key, hashes.SHA256())
    for part in parts:
        code.update(part)
    return code.finalize()


def mac_holds(code: bytes, key: bytes, *parts: bytes) -> bool:
    """Return whether `code` is the parts' MAC; compares in constant time."""
    expected = HMAC(key, hashes.SHA256())
    for part in parts:
        expected.update(part)
    try:
        expected.verify(code)
    except InvalidSignature:
        return False
    return True


def same(left: bytes, right: bytes) -> bool:
    """Compare in constant time: by their MACs under a key of the moment."""
    key = random_bytes(KEY_BYTES)
    return mac_holds(mac(key, left), key, right)


def public_of(secret: bytes) -> bytes:
    """Return the 32-byte X25519 public key of a 32-byte secret."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def public_key_id(public: bytes) -> bytes:
    """Return the 16-byte id of an X25519 public key."""
    return sha256(b"vigilar vge2 public key id", public)[:KEY_ID_BYTES]


def seal_to(public: bytes, secret: bytes, info: bytes) -> bytes:
    """Wrap 32 bytes for the holder of a public key (HPKE base mode, RFC 9180); 80 bytes."""
    return _SUITE.encrypt(secret, X25519PublicKey.from_public_bytes(public), info=info)


def unseal(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Undo `seal_to`. Raises cryptography's InvalidTag."""
    return _SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private), info=info)
