"""Keys derived and wrapped: the few shapes in which the vault uses `cryptography`."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
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
    code = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        code.update(part)
    return code.digest()


def same(left: bytes, right: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left, right)


def public_of(secret: bytes) -> bytes:
    """Return the 32-byte X25519 public key of a 32-byte secret."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def public_key_id(public: bytes) -> bytes:
    """Return the 16-byte id of an X25519 public key."""
    return hashlib.sha256(b"vigilar vge2 public key id" + public).digest()[:KEY_ID_BYTES]


def seal_to(public: bytes, secret: bytes, info: bytes) -> bytes:
    """Wrap 32 bytes for the holder of a public key (HPKE base mode, RFC 9180); 80 bytes."""
    return _SUITE.encrypt(secret, X25519PublicKey.from_public_bytes(public), info=info)


def unseal(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Undo `seal_to`. Raises cryptography's InvalidTag."""
    return _SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private), info=info)
