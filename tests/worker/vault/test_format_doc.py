"""docs/vge-format.md is right: a reader written from it alone reads its vectors, our writer makes them."""

import hashlib
import hmac
import itertools
import os
import re
import struct
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vigilar.files.durable import DurableFiles
from vigilar.vault.beginning import NewFile
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader
from vigilar.vault.verify import FileStatus, verify_file
from vigilar.vault.wrapping import BoxKey, Opener, Passphrase, RecoveryKey
from vigilar.vault.writer import VaultWriter

DOCUMENT = Path(__file__).parents[3] / "docs" / "vge-format.md"
PASSPHRASE = "correct horse battery staple"
START = datetime(2026, 11, 21, 8, 30, 15, 123456, tzinfo=UTC)


@cache
def vectors() -> dict[str, bytes]:
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Test vectors")[2]
    found = re.findall(r"^`([\w-]+)`\n\n```\n([0-9a-f\n]+)```", text, re.MULTILINE)
    return {name: bytes.fromhex(digits) for name, digits in found}


@cache
def vector_file() -> bytes:
    parts = vectors()
    area = parts["slot-area"].ljust(4064, b"\0") + parts["slot-area-mac"]
    records = b"".join(parts[name] for name in ("record-0", "record-1", "record-2", "final-record"))
    return parts["header"].ljust(4096, b"\0") + area + area + records + parts["footer"]


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt or bytes(32), info).derive(secret)


def unseal(secret: bytes, sealed: bytes, info: bytes) -> bytes:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return suite.decrypt(sealed, X25519PrivateKey.from_private_bytes(secret), info=info)


def slots_of(data: bytes) -> dict[int, tuple[bytes, bytes]]:
    """Slot type → (key id, body), read as the document says."""
    area, at = data[4096:8192], 16
    found = {}
    for _ in range(int.from_bytes(area[6:8])):
        kind, key_id, length = area[at], area[at + 1 : at + 17], int.from_bytes(area[at + 17 : at + 19])
        found[kind] = (key_id, area[at + 19 : at + 19 + length])
        at += 19 + length
    return found


def binding(data: bytes, kind: int, key_id: bytes) -> bytes:
    return b"vigilar vge2 slot" + hashlib.sha256(data[:4096]).digest() + bytes([kind]) + key_id


def test_the_vector_file_is_the_one_the_document_names() -> None:
    assert hashlib.sha256(vector_file()).digest() == vectors()["file-sha256"]


def test_derived_keys_are_as_documented() -> None:
    v = vectors()
    for name, label in (
        ("record-key", b"vigilar vge2 record key"),
        ("commitment", b"vigilar vge2 key commitment"),
        ("slots-key", b"vigilar vge2 slot area mac"),
    ):
        assert hkdf(v["data-key"], v["file-id"], label) == v[name]
    assert hkdf(v["storage-key"], b"", b"vigilar vge2 box key id")[:16] == v["box-key-id"]
    public = X25519PrivateKey.from_private_bytes(v["recovery-secret"]).public_key().public_bytes_raw()
    assert public == v["recovery-public"]
    assert hashlib.sha256(b"vigilar vge2 public key id" + public).digest()[:16] == v["recovery-key-id"]
    assert hashlib.sha256(vector_file()[:4096]).digest() == v["header-hash"]


def test_each_slot_unwraps_to_the_data_key_as_documented() -> None:
    v, data = vectors(), vector_file()
    slots = slots_of(data)

    key_id, body = slots[1]
    key = hkdf(v["storage-key"], v["header-hash"], b"vigilar vge2 box slot")
    assert AESGCM(key).decrypt(body[:12], body[12:], binding(data, 1, key_id)) == v["data-key"]

    key_id, body = slots[2]
    assert unseal(v["recovery-secret"], body, binding(data, 2, key_id)) == v["data-key"]

    key_id, body = slots[3]
    salt, memory, passes, lanes = struct.unpack(">16sIIB", body[:25])
    secret = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    derived = secret.derive(PASSPHRASE.encode())
    assert unseal(derived, body[25:], binding(data, 3, key_id) + body[:25]) == v["data-key"]


def test_the_slot_areas_mac_is_as_documented() -> None:
    v = vectors()
    area = v["slot-area"].ljust(4064, b"\0")
    assert hmac.digest(v["slots-key"], v["header-hash"] + area, "sha256") == v["slot-area-mac"]


def test_a_reader_written_from_the_document_reads_the_content() -> None:
    v, data = vectors(), vector_file()
    offset, count, magic = struct.unpack(">QI4s", data[-16:])
    assert (magic, count) == (b"VGEZ", 3)
    at, counter, plain = 4096 + 8192, 0, b""
    while True:
        word, time = struct.unpack_from(">II", data, at)
        length, is_final = word & 0x3FFFFFFF, word >> 31
        nonce = data[32:39] + counter.to_bytes(4) + bytes([is_final])
        aad = v["header-hash"] + struct.pack(">III", counter, word, time)
        opened = AESGCM(v["record-key"]).decrypt(nonce, data[at + 8 : at + 8 + length + 16], aad)
        if is_final:
            break
        assert time == counter * 500
        plain += opened
        at += 8 + length + 16
        counter += 1
    assert at == offset
    version, records, size, previous, torn, torn_tag, patches, tail = struct.unpack_from(
        ">HIQ16s16s16sHI", opened
    )
    assert (version, records, size, patches) == (1, 3, len(plain), 1)
    assert (previous, torn, torn_tag) == (bytes(16), bytes(16), bytes(16))
    where, length = struct.unpack_from(">QH", opened, 68)
    patched = plain[:where] + opened[78 : 78 + length] + plain[where + length :]
    assert patched == v["content"]
    rest = opened[78 + length :]
    assert rest[:tail] == b'{"tail": true}'
    assert struct.unpack(">6I", rest[tail:]) == (16, 16, 4, 0, 500, 1000)


def test_a_journal_reader_written_from_the_document_checks_the_chain() -> None:
    v = vectors()
    key = hkdf(v["journal-root"], b"", b"vigilar camera journal front_door")
    assert key == v["journal-key"]
    header = v["journal-header"]
    assert header[:8] == b"VGEJRNL\x01"
    assert header[8:88].rstrip(b"\0") == b"front_door"
    assert header[88:104] == v["recovery-key-id"]
    assert unseal(v["recovery-secret"], header[104:184], b"vigilar journal key front_door") == key
    assert hashlib.sha256(header[:224]).digest() == header[224:]
    before = hashlib.sha256(header).digest()
    for number, (name, kind) in enumerate((("journal-opened", 1), ("journal-sealed", 2))):
        entry = v[name]
        assert hmac.digest(key, before + entry[:96], "sha256") == entry[96:]
        assert (int.from_bytes(entry[:8]), entry[8], entry[24:40]) == (number, kind, v["file-id"])
        before = entry[96:]
    assert v["journal-sealed"][48:64] == v["final-record"][-16:] == v["journal-sealed"][80:96]
    assert int.from_bytes(v["journal-sealed"][40:48]) == len(vector_file())


def _key(name: str) -> Opener:
    v = vectors()
    return {
        "box": BoxKey.of(v["storage-key"]),
        "recovery": RecoveryKey(v["recovery-secret"]),
        "passphrase": Passphrase(PASSPHRASE),
    }[name]


@pytest.mark.parametrize("name", ["box", "recovery", "passphrase"])
def test_our_reader_opens_the_vector_file_with_each_key(tmp_path: Path, name: str) -> None:
    path = tmp_path / "vector.vge"
    path.write_bytes(vector_file())
    with VaultReader.open(path, _key(name)) as reader:
        assert reader.read(0, 1000) == vectors()["content"]
        assert (reader.camera, reader.start) == ("front_door", START)
        assert (reader.meta, reader.tail) == (b'{"head": true}', b'{"tail": true}')
    assert verify_file(path, _key(name)).status is FileStatus.SEALED


def test_our_writer_makes_the_vector_file_but_for_its_random_wrappings(tmp_path: Path) -> None:
    v = vectors()
    keys = KeyRing.load_or_create(tmp_path / "keys", DurableFiles())
    times = itertools.count(0, 500)
    writer = VaultWriter.create(
        tmp_path / "vector.vge",
        keys=keys,
        files=DurableFiles(),
        camera="front_door",
        start=START,
        meta=b'{"head": true}',
        journal=CameraJournal.open(tmp_path, "front_door", keys=keys, files=DurableFiles()),
        new=NewFile(v["file-id"], v["nonce-prefix"], v["data-key"]),
        elapsed_ms=lambda: next(times),
    )
    for fragment in (b"ftyp....free....", b"moof....mdat....", b"mfra"):
        writer.write(fragment)
        writer.flush_record()
    writer.seek(8, os.SEEK_SET)
    writer.write(b"\0\0\0\x24mdat")
    data = writer.seal(b'{"tail": true}').path.read_bytes()

    assert data[:4096] == vector_file()[:4096]
    assert data[12288:] == vector_file()[12288:]


def test_the_recovery_key_on_paper_is_as_documented() -> None:
    paper = RecoveryKey(vectors()["recovery-secret"]).text
    assert f"`{paper}`" in DOCUMENT.read_text(encoding="utf-8")
    assert RecoveryKey.from_text(paper).secret == vectors()["recovery-secret"]
