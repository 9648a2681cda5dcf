"""The plaintext inside is the MP4 that the muxer wrote."""

from pathlib import Path

import pytest

from vigilar.vault.errors import VaultError
from vigilar.vault.reader import VaultReader
from vigilar.vault.recovery import Outcome
from worker.vault.footage import FPS, SECONDS, mux_into, plain_mp4, play
from worker.vault.material import Storage, content_of


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def test_a_sealed_recording_is_byte_for_byte_what_a_plain_file_would_hold(storage: Storage) -> None:
    writer = storage.begin()
    for _ in mux_into(writer, writer.flush_record):
        pass
    sealed = writer.seal(b"")

    assert content_of(sealed.path, storage.keys) == plain_mp4()
    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert reader.facts.final is not None
        assert len(reader.facts.final.patches) == 1, "the muxer closed without its rewrite near the start"


def test_a_sealed_recording_plays_in_full_and_knows_its_length(storage: Storage) -> None:
    writer = storage.begin()
    for _ in mux_into(writer, writer.flush_record):
        pass
    sealed = writer.seal(b"")

    pictures, last, has_duration = play(content_of(sealed.path, storage.keys))
    assert (pictures, last, has_duration) == (SECONDS * FPS, SECONDS - 1 / FPS, True)


@pytest.mark.parametrize("packets", [30, 63, 100])
def test_a_torn_recording_plays_to_its_last_fragment_and_so_does_what_recovery_makes_of_it(
    storage: Storage, packets: int
) -> None:
    writer = storage.begin()
    muxing = mux_into(writer, writer.flush_record)
    for _ in range(packets):
        next(muxing)
    # A kill: half a record more reaches the disk.
    writer.abandon()
    with pytest.raises(VaultError):
        list(muxing)
    with writer.part.open("ab") as part:
        part.write(b"\0\0\1\0" + bytes(100))

    torn = content_of(writer.part, storage.keys)
    assert plain_mp4().startswith(torn[:40])
    pictures, last, _ = play(torn)
    written = packets / 2  # every other packet is sound
    assert written - FPS <= pictures <= written, "more than one fragment is missing at the end"
    assert last == pytest.approx((pictures - 1) / FPS)

    (fate,) = storage.recover()
    assert fate.outcome is Outcome.RECOVERED
    assert fate.sealed is not None
    assert content_of(fate.sealed.path, storage.keys) == torn
