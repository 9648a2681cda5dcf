"""Whoever changes, cuts, reorders or mixes sealed recordings is found out."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.vault.errors import VaultError
from vigilar.vault.final import FOOTER
from vigilar.vault.reader import RecordContent, VaultReader
from vigilar.vault.records import OVERHEAD
from vigilar.vault.verify import FileStatus, verify_file
from worker.vault.material import FRAGMENTS, content_of, small_file

_HEADER = 4096
_SLOTS = 8192


def _verdict(path: Path, data: bytes | None = None) -> FileStatus:
    storage, _, _ = small_file()
    if data is not None:
        path.write_bytes(data)
    try:
        return verify_file(path, storage.keys).status
    except VaultError:
        return FileStatus.BROKEN


def _hands_out_other_content(path: Path) -> bool:
    """Whether a reader hands out anything else than the original content, instead of an error."""
    storage, _, _ = small_file()
    try:
        return content_of(path, storage.keys) != b"".join(FRAGMENTS)
    except VaultError:
        return False


def _records() -> list[bytes]:
    """The original's records, the final one with the footer last."""
    storage, sealed, data = small_file()
    with VaultReader.open(sealed.path, storage.keys) as reader:
        content = reader.content
        assert isinstance(content, RecordContent)
        layout = content.layout
        cuts = [*(layout.offset(index) for index in range(layout.count)), layout.end, len(data)]
    return [data[start:end] for start, end in pairwise(cuts)]


def _head() -> bytes:
    return small_file()[2][: _HEADER + _SLOTS]


def test_the_original_is_sealed(tmp_path: Path) -> None:
    _, _, data = small_file()
    assert _verdict(tmp_path / "x.vge", data) is FileStatus.SEALED


def test_every_single_byte_flip_is_found_and_no_reader_hands_out_other_content(tmp_path: Path) -> None:
    _, _, data = small_file()
    path = tmp_path / "x.vge"
    path.write_bytes(data)
    missed, handed_out = [], []
    with path.open("r+b", buffering=0) as file:
        for at, byte in enumerate(data):
            os.pwrite(file.fileno(), bytes([byte ^ 1 << at % 8]), at)
            if _verdict(path) is not FileStatus.BROKEN:
                missed.append(at)
            if _hands_out_other_content(path):
                handed_out.append(at)
            os.pwrite(file.fileno(), bytes([byte]), at)
    assert (missed, handed_out) == ([], [])


def test_every_bit_of_the_records_is_held(tmp_path: Path) -> None:
    _, _, data = small_file()
    path = tmp_path / "x.vge"
    path.write_bytes(data)
    missed = []
    with path.open("r+b", buffering=0) as file:
        for at in range(_HEADER + _SLOTS, len(data)):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([data[at] ^ 1 << bit]), at)
                if _verdict(path) is not FileStatus.BROKEN:
                    missed.append((at, bit))
            os.pwrite(file.fileno(), data[at : at + 1], at)
    assert missed == []


def test_truncation_at_every_offset_is_found_and_never_opened_as_if_it_were_whole(tmp_path: Path) -> None:
    storage, _, data = small_file()
    path = tmp_path / "x.vge"
    path.write_bytes(data)
    missed, opened = [], []
    for size in reversed(range(len(data))):
        os.truncate(path, size)
        if _verdict(path) is not FileStatus.BROKEN:
            missed.append(size)
        try:
            VaultReader.open(path, storage.keys).close()
        except VaultError:
            continue
        opened.append(size)
    assert (missed, opened) == ([], [])


@pytest.mark.parametrize("extra", [b"\0", b"more", b"x" * FOOTER.size])
def test_bytes_added_at_the_end_are_found(tmp_path: Path, extra: bytes) -> None:
    _, _, data = small_file()
    assert _verdict(tmp_path / "x.vge", data + extra) is FileStatus.BROKEN


def test_a_second_end_after_the_end_is_found(tmp_path: Path) -> None:
    _, _, data = small_file()
    assert _verdict(tmp_path / "x.vge", data + _records()[-1]) is FileStatus.BROKEN


@given(order=st.permutations(range(4)).filter(lambda order: order != [0, 1, 2, 3]))
def test_records_in_another_order_are_found(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    records = _records()
    data = _head() + b"".join(records[index] for index in order) + records[-1]
    assert _verdict(tmp_path_factory.mktemp("order") / "x.vge", data) is FileStatus.BROKEN


@given(at=st.integers(0, 3), into=st.integers(0, 4))
def test_a_repeated_record_is_found(tmp_path_factory: pytest.TempPathFactory, at: int, into: int) -> None:
    records = _records()
    mixed = [*records[:into], records[at], *records[into:]]
    data = _head() + b"".join(mixed)
    assert _verdict(tmp_path_factory.mktemp("repeat") / "x.vge", data) is FileStatus.BROKEN


@given(gone=st.sets(st.integers(0, 3), min_size=1))
def test_removed_records_are_found(tmp_path_factory: pytest.TempPathFactory, gone: set[int]) -> None:
    records = _records()
    data = _head() + b"".join(record for index, record in enumerate(records) if index not in gone)
    assert _verdict(tmp_path_factory.mktemp("gone") / "x.vge", data) is FileStatus.BROKEN


@pytest.mark.parametrize("index", range(5))
def test_a_record_spliced_in_from_another_recording_is_found(tmp_path: Path, index: int) -> None:
    # Given another recording by the same camera with the same content, so that all lengths agree.
    storage, _, _ = small_file()
    other = storage.path("other")
    if not other.exists():
        storage.record("other")
    cut = slice(_HEADER + _SLOTS, None)
    foreign = other.read_bytes()[cut]
    mixed, start = _records(), 0
    for earlier in mixed[:index]:
        start += len(earlier)
    mixed[index] = foreign[start : start + len(mixed[index])]

    assert _verdict(tmp_path / "x.vge", _head() + b"".join(mixed)) is FileStatus.BROKEN


@pytest.mark.parametrize("area", [0, 1])
def test_key_slots_spliced_in_from_another_recording_are_found(tmp_path: Path, area: int) -> None:
    storage, _, data = small_file()
    other = storage.path("other")
    if not other.exists():
        storage.record("other")
    foreign = other.read_bytes()
    start = _HEADER + area * 4096
    mixed = data[:start] + foreign[start : start + 4096] + data[start + 4096 :]
    assert _verdict(tmp_path / "x.vge", mixed) is FileStatus.BROKEN


def test_a_header_with_other_words_is_found(tmp_path: Path) -> None:
    _, _, data = small_file()
    assert data.count(b"front_door") == 1
    assert _verdict(tmp_path / "x.vge", data.replace(b"front_door", b"back_doors")) is FileStatus.BROKEN


def test_one_damaged_record_does_not_hide_the_others(tmp_path: Path) -> None:
    storage, _, _ = small_file()
    records = _records()
    records[1] = records[1][:-1] + bytes([records[1][-1] ^ 1])
    path = tmp_path / "x.vge"
    path.write_bytes(_head() + b"".join(records))

    with VaultReader.open(path, storage.keys) as reader:
        assert reader.read(0, len(FRAGMENTS[0])) == FRAGMENTS[0]
        after = len(FRAGMENTS[0]) + len(FRAGMENTS[1])
        assert reader.read(after, 100) == FRAGMENTS[2] + FRAGMENTS[3]
        with pytest.raises(VaultError, match="record 1 is not what was written"):
            reader.read(after - 1, 1)


def test_one_damaged_slot_area_still_opens_the_recording_and_is_reported(tmp_path: Path) -> None:
    storage, _, data = small_file()
    path = tmp_path / "x.vge"
    for area in (0, 1):
        start = _HEADER + area * 4096
        path.write_bytes(data[:start] + bytes(4096) + data[start + 4096 :])
        assert content_of(path, storage.keys) == b"".join(FRAGMENTS)
        report = verify_file(path, storage.keys)
        assert report.status is FileStatus.BROKEN
        assert f"key slot area {area + 1}" in report.reasons[0]


def test_the_smallest_record_is_as_long_as_the_specification_says() -> None:
    assert len(_records()[3]) == OVERHEAD + 1
