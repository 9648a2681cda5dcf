"""Reading a recording: anywhere, and no more than asked for."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from vigilar.vault.errors import DamagedError, FileMissingError, UnsupportedError, WrongKeyError
from vigilar.vault.reader import VaultReader
from vigilar.vault.wrapping import BoxKey
from worker.files.faults import FaultyFiles
from worker.vault.material import FRAGMENTS, Storage, content_of, put, small_file


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


@given(
    fragments=st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=12),
    patch=st.binary(max_size=20),
    ranges=st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 2500)), min_size=1, max_size=10),
)
def test_any_range_is_the_same_as_of_the_plain_content(
    tmp_path_factory: pytest.TempPathFactory,
    fragments: list[bytes],
    patch: bytes,
    ranges: list[tuple[int, int]],
) -> None:
    storage, _, _ = small_file()
    writer = storage.begin(os.urandom(8).hex())
    put(writer, fragments)
    plain = bytearray(b"".join(fragments))
    if 0 < len(patch) <= len(plain):
        writer.seek(len(plain) - len(patch))
        writer.write(patch)
        plain[-len(patch) :] = patch
    sealed = writer.seal(b"")

    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert reader.size == len(plain)
        for start, length in ranges:
            assert reader.read(start, length) == bytes(plain[start : start + length])


def test_a_read_decrypts_only_the_covering_records(storage: Storage) -> None:
    # Given a recording of which all records but one are destroyed
    fragments = [bytes([number]) * 1000 for number in range(20)]
    sealed = storage.record(fragments=fragments)
    data = bytearray(sealed.path.read_bytes())
    for number in range(20):
        if number != 13:
            start = 12288 + number * 1024 + 8
            data[start : start + 1000] = bytes(1000)
    sealed.path.write_bytes(data)

    # Then that one is still read
    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert reader.read(13_000, 1000) == fragments[13]
        with pytest.raises(DamagedError, match="record 12"):
            reader.read(12_999, 1)


def test_reading_beyond_the_end_gives_what_there_is(storage: Storage) -> None:
    sealed = storage.record()
    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert reader.read(reader.size, 10) == b""
        assert reader.read(reader.size + 10**12, 10) == b""
        assert reader.read(reader.size - 1, 10**12) == b"3"


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, -1)])
def test_a_negative_range_is_refused(storage: Storage, start: int, length: int) -> None:
    sealed = storage.record()
    with VaultReader.open(sealed.path, storage.keys) as reader, pytest.raises(ValueError, match="negative"):
        reader.read(start, length)


def test_several_threads_may_read_one_recording(storage: Storage) -> None:
    fragments = [os.urandom(997) for _ in range(50)]
    plain = b"".join(fragments)
    sealed = storage.record(fragments=fragments)
    wrong: list[int] = []
    with VaultReader.open(sealed.path, storage.keys) as reader:

        def read(first: int) -> None:
            wrong.extend(
                start
                for start in range(first, len(plain), 991)
                if reader.read(start, 1500) != plain[start : start + 1500]
            )

        threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_reading_changes_nothing(storage: Storage) -> None:
    sealed = storage.record()
    part = storage.tear("b")
    before = (sealed.path.read_bytes(), part.read_bytes(), part.stat().st_mtime_ns)
    content_of(sealed.path, storage.keys)
    content_of(part, storage.keys)
    assert (sealed.path.read_bytes(), part.read_bytes(), part.stat().st_mtime_ns) == before


def test_a_recording_is_readable_while_it_is_being_written(storage: Storage) -> None:
    writer = storage.begin()
    put(writer, FRAGMENTS[:2])
    with VaultReader.open(writer.part, storage.keys) as reader:
        assert not reader.sealed
        assert reader.tail is None
        assert reader.read(0, 1000) == b"".join(FRAGMENTS[:2])
    writer.abandon()


def test_a_torn_recording_opens_up_to_its_last_whole_fragment_at_every_cut(storage: Storage) -> None:
    fragments = [b"first", os.urandom((1 << 20) + 7), b"last"]
    part = storage.tear(fragments=fragments)
    data = part.read_bytes()
    ends = {0, 5, 5 + (1 << 20) + 7, 5 + (1 << 20) + 7 + 4}
    for cut in [
        *range(12288, 12400),
        *range(12288 + 29, len(data), 65_537),
        *range(len(data) - 80, len(data) + 1),
    ]:
        part.write_bytes(data[:cut])
        with VaultReader.open(part, storage.keys) as reader:
            assert reader.size in ends
            assert reader.read(0, reader.size) == b"".join(fragments)[: reader.size]
    assert reader.size == max(ends)


def test_a_file_that_is_not_there_says_so(storage: Storage) -> None:
    with pytest.raises(FileMissingError, match="does not exist"):
        VaultReader.open(storage.path("none"), storage.keys)


def test_another_boxs_key_is_the_wrong_key(storage: Storage, tmp_path: Path) -> None:
    sealed = storage.record()
    with pytest.raises(WrongKeyError, match="none of the keys"):
        VaultReader.open(sealed.path, Storage(tmp_path / "other").keys)


def test_a_newer_version_is_named_as_such(storage: Storage) -> None:
    sealed = storage.record()
    data = bytearray(sealed.path.read_bytes())
    data[9] = 3
    sealed.path.write_bytes(data)
    with pytest.raises(UnsupportedError, match="version 3"):
        VaultReader.open(sealed.path, storage.keys)


class TestVersion1:
    """The predecessor's files: IV, then AES-256-CTR."""

    PLAIN = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 40

    def file(self, storage: Storage, key: bytes) -> Path:
        iv = b"\xff" * 15 + b"\xf0"  # the counter runs over within the file
        encryptor = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
        path = storage.root / "old.vge"
        path.write_bytes(iv + encryptor.update(self.PLAIN) + encryptor.finalize())
        return path

    @given(start=st.integers(0, 11_000), length=st.integers(0, 11_000))
    def test_any_range_is_read(self, start: int, length: int) -> None:
        storage, _, _ = small_file()
        path = self.file(storage, bytes(32))
        with VaultReader.open(path, BoxKey.of(bytes(32))) as reader:
            assert reader.read(start, length) == self.PLAIN[start : start + length]

    def test_it_opens_with_the_boxs_key_and_says_what_it_is(self, storage: Storage) -> None:
        path = self.file(storage, storage.keys.current.secret)
        with VaultReader.open(path, storage.keys) as reader:
            assert (reader.facts.version, reader.sealed, reader.size) == (1, False, len(self.PLAIN))
            assert reader.start <= datetime.now(UTC)

    def test_another_key_is_the_wrong_key(self, storage: Storage) -> None:
        path = self.file(storage, bytes(32))
        with pytest.raises(WrongKeyError, match="version 1"):
            VaultReader.open(path, storage.keys)

    @pytest.mark.parametrize("data", [b"", b"short", bytes(16), bytes(5000)])
    def test_what_is_no_recording_is_refused(self, storage: Storage, data: bytes) -> None:
        path = storage.root / "x.vge"
        path.write_bytes(data)
        with pytest.raises(WrongKeyError, match="no recording at all"):
            VaultReader.open(path, storage.keys)


def test_opening_reads_a_bounded_part_of_a_large_file(storage: Storage) -> None:
    storage.files = FaultyFiles()
    fragments = [b"x" * 300] * 5000
    sealed = storage.record(fragments=fragments)
    # Given every record destroyed, opening still works: it looks at the head and the end only.
    data = bytearray(sealed.path.read_bytes())
    data[12288 : 12288 + 5000 * 324] = bytes(5000 * 324)
    sealed.path.write_bytes(data)
    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert reader.size == 1_500_000
