"""The keys that open recordings: the box's own, the recovery key on paper, a passphrase."""

import base64
import json
import struct
from dataclasses import dataclass
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vigilar.vault.errors import BadKeyError, DamagedError
from vigilar.vault.primitives import (
    KEY_BYTES,
    KEY_ID_BYTES,
    SEALED_KEY_BYTES,
    derive,
    public_key_id,
    public_of,
    random_bytes,
    seal_to,
    sha256,
    unseal,
)
from vigilar.vault.slots import Slot, SlotType, slot_binding

_NONCE: Final = 12
_BOX_LABEL: Final = b"vigilar vge2 box slot"
_BOX_ID_LABEL: Final = b"vigilar vge2 box key id"
_TEXT_PREFIX: Final = "VGR1"
_CHECK_BYTES: Final = 3
_ARGON: Final = struct.Struct(">16sIIB")
_ARGON_MEMORY_KIB: Final = 64 * 1024
_ARGON_MAX_MEMORY_KIB: Final = 1024 * 1024
_ARGON_ITERATIONS: Final = 3
_ARGON_MAX_ITERATIONS: Final = 64
_MIN_PASSPHRASE: Final = 12


class Opener(Protocol):
    """Whatever may open a recording."""

    def unwrap(self, slot: Slot, header_hash: bytes) -> bytes | None:
        """Return the data key, or None where the slot is not for this key. Raises DamagedError."""

    def legacy_keys(self) -> tuple[bytes, ...]:
        """Return 32-byte keys to try on version 1 files."""


@dataclass(frozen=True, slots=True, repr=False)
class BoxKey:
    """The box's 32-byte key (`storage.key`): wraps with AES-256-GCM under a key of its own for each file."""

    secret: bytes
    key_id: bytes

    @classmethod
    def of(cls, secret: bytes) -> "BoxKey":
        """Make one from 32 bytes. Raises BadKeyError."""
        if len(secret) != KEY_BYTES:
            raise BadKeyError(f"a storage key has {KEY_BYTES} bytes, this one {len(secret)}")
        return cls(secret, derive(secret, _BOX_ID_LABEL)[:KEY_ID_BYTES])

    def wrap(self, data_key: bytes, header_hash: bytes) -> Slot:
        """Return a slot for this key."""
        nonce = random_bytes(_NONCE)
        binding = slot_binding(header_hash, SlotType.BOX, self.key_id)
        sealed = AESGCM(derive(self.secret, _BOX_LABEL, header_hash)).encrypt(nonce, data_key, binding)
        return Slot(SlotType.BOX, self.key_id, nonce + sealed)

    def unwrap(self, slot: Slot, header_hash: bytes) -> bytes | None:
        """See `Opener`."""
        if slot.type != SlotType.BOX or slot.key_id != self.key_id:
            return None
        aead = AESGCM(derive(self.secret, _BOX_LABEL, header_hash))
        try:
            return aead.decrypt(slot.body[:_NONCE], slot.body[_NONCE:], slot.binding(header_hash))
        except (InvalidTag, ValueError) as err:
            raise DamagedError("the storage key's slot is not what was written") from err

    def legacy_keys(self) -> tuple[bytes, ...]:
        """See `Opener`: the predecessor's files were encrypted with the key file itself."""
        return (self.secret,)


@dataclass(frozen=True, slots=True)
class RecoveryPublic:
    """The recovery key's public half: all that the box keeps once the paper is confirmed."""

    public: bytes

    def wrap(self, data_key: bytes, header_hash: bytes) -> Slot:
        """Return a slot that only the recovery secret opens."""
        key_id = public_key_id(self.public)
        binding = slot_binding(header_hash, SlotType.RECOVERY, key_id)
        return Slot(SlotType.RECOVERY, key_id, seal_to(self.public, data_key, binding))


@dataclass(frozen=True, slots=True, repr=False)
class RecoveryKey:
    """The recovery secret (32 bytes), as kept on paper."""

    secret: bytes

    @classmethod
    def generate(cls) -> "RecoveryKey":
        """Make a new one."""
        return cls(random_bytes(KEY_BYTES))

    @classmethod
    def from_text(cls, text: str) -> "RecoveryKey":
        """Read what `text` printed; case, spaces and dashes do not matter. Raises BadKeyError."""
        joined = "".join(character for character in text.upper() if character.isalnum())
        if not joined.startswith(_TEXT_PREFIX):
            raise BadKeyError(f"a recovery key begins with {_TEXT_PREFIX}")
        try:
            raw = base64.b32decode(joined.removeprefix(_TEXT_PREFIX))
        except ValueError as err:
            raise BadKeyError(
                "the recovery key is incomplete or has a wrong character (no 0, 1, 8, 9)"
            ) from err
        secret, check = raw[:KEY_BYTES], raw[KEY_BYTES:]
        if check != _checksum(secret):
            raise BadKeyError("the recovery key is mistyped: its check characters do not match")
        return cls(secret)

    @property
    def text(self) -> str:
        """The printed form: VGR1 and fourteen groups of four letters and digits, the last ones a check."""
        body = base64.b32encode(self.secret + _checksum(self.secret)).decode()
        return "-".join([_TEXT_PREFIX, *(body[at : at + 4] for at in range(0, len(body), 4))])

    @property
    def public(self) -> RecoveryPublic:
        """Its public half."""
        return RecoveryPublic(public_of(self.secret))

    def unwrap(self, slot: Slot, header_hash: bytes) -> bytes | None:
        """See `Opener`."""
        if slot.type != SlotType.RECOVERY or slot.key_id != public_key_id(self.public.public):
            return None
        return _unseal(self.secret, slot.body, slot.binding(header_hash))

    def legacy_keys(self) -> tuple[bytes, ...]:
        """See `Opener`."""
        return ()


@dataclass(frozen=True, slots=True)
class PassphrasePublic:
    """A key pair made from a passphrase with Argon2id; the box keeps salt, costs and public half only.

    So a new recording is wrapped for it in a fraction of a millisecond, and nobody is asked for it.
    """

    salt: bytes
    memory_kib: int
    iterations: int
    lanes: int
    public: bytes

    @classmethod
    def of(cls, passphrase: str, *, memory_kib: int = _ARGON_MEMORY_KIB) -> "PassphrasePublic":
        """Make one, slowly (64 MiB, 3 passes). Raises BadKeyError for fewer than 12 characters."""
        if len(passphrase) < _MIN_PASSPHRASE:
            raise BadKeyError(f"a passphrase needs at least {_MIN_PASSPHRASE} characters")
        salt = random_bytes(16)
        secret = _argon2(passphrase, salt, memory_kib, _ARGON_ITERATIONS, 1)
        return cls(salt, memory_kib, _ARGON_ITERATIONS, 1, public_of(secret))

    def wrap(self, data_key: bytes, header_hash: bytes) -> Slot:
        """Return a slot that carries its own salt and costs, so that the passphrase alone opens it."""
        key_id = public_key_id(self.public)
        costs = _ARGON.pack(self.salt, self.memory_kib, self.iterations, self.lanes)
        binding = slot_binding(header_hash, SlotType.PASSPHRASE, key_id) + costs
        return Slot(SlotType.PASSPHRASE, key_id, costs + seal_to(self.public, data_key, binding))

    def to_json(self) -> bytes:
        """Return it for a file."""
        plain = {
            "salt": self.salt.hex(),
            "memory_kib": self.memory_kib,
            "iterations": self.iterations,
            "lanes": self.lanes,
            "public": self.public.hex(),
        }
        return json.dumps(plain).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read `to_json`. Raises BadKeyError."""
        try:
            plain = json.loads(data)
            return cls(
                bytes.fromhex(plain["salt"]),
                int(plain["memory_kib"]),
                int(plain["iterations"]),
                int(plain["lanes"]),
                bytes.fromhex(plain["public"]),
            )
        except (ValueError, KeyError, TypeError) as err:
            raise BadKeyError("passphrase.pub is not readable: set the passphrase again") from err


class Passphrase:
    """A passphrase somebody typed. Derives once per salt and remembers, for opening many files."""

    __slots__ = ("_derived", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._derived: dict[bytes, bytes] = {}

    def unwrap(self, slot: Slot, header_hash: bytes) -> bytes | None:
        """See `Opener`."""
        if slot.type != SlotType.PASSPHRASE:
            return None
        if len(slot.body) != _ARGON.size + SEALED_KEY_BYTES:
            raise DamagedError("the passphrase's slot is not what was written")
        costs = slot.body[: _ARGON.size]
        secret = self._secret(costs)
        if public_key_id(public_of(secret)) != slot.key_id:
            return None
        return _unseal(secret, slot.body[_ARGON.size :], slot.binding(header_hash) + costs)

    def _secret(self, costs: bytes) -> bytes:
        if costs not in self._derived:
            salt, memory_kib, iterations, lanes = _ARGON.unpack(costs)
            if (
                memory_kib > _ARGON_MAX_MEMORY_KIB
                or not 1 <= iterations <= _ARGON_MAX_ITERATIONS
                or not lanes
            ):
                # An altered slot must not make the reader allocate what it likes.
                raise DamagedError("the passphrase's slot asks for impossible costs")
            self._derived[costs] = _argon2(self._text, salt, memory_kib, iterations, lanes)
        return self._derived[costs]

    def legacy_keys(self) -> tuple[bytes, ...]:
        """See `Opener`."""
        return ()


def _argon2(passphrase: str, salt: bytes, memory_kib: int, iterations: int, lanes: int) -> bytes:
    try:
        kdf = Argon2id(
            salt=salt, length=KEY_BYTES, iterations=iterations, lanes=lanes, memory_cost=memory_kib
        )
        return kdf.derive(passphrase.encode())
    except ValueError as err:
        raise DamagedError("the passphrase's slot asks for impossible costs") from err


def _unseal(secret: bytes, sealed: bytes, info: bytes) -> bytes:
    try:
        return unseal(secret, sealed, info)
    except (InvalidTag, ValueError) as err:
        raise DamagedError("a key slot is not what was written") from err


def _checksum(secret: bytes) -> bytes:
    return sha256(b"vigilar recovery key", secret)[:_CHECK_BYTES]
