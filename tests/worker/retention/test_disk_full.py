"""A disk that really is full: 64 MiB of it, mounted for the test (needs root)."""

import asyncio
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path

import pytest

from vigilar.bus.messages import ClipSealed
from vigilar.domain.clip import Clip, ClipKind
from vigilar.domain.settings import RetentionSettings
from vigilar.retention.holdings import disk_of
from vigilar.vault.entries import EntryKind
from vigilar.vault.errors import VaultError
from worker.core.running import CoreRun, core_at, wait_for
from worker.recordings.vaulted import Root
from worker.retention.keeping import keeping
from worker.retention.shelf import lying, only, sealed
from worker.store.fakes import run

pytestmark = pytest.mark.slow

MEGABYTE = bytes(1 << 20)
ROOMY = RetentionSettings(other=only().other)


@pytest.fixture
def mount() -> Iterator[Path]:
    if sys.platform != "linux" or os.geteuid() != 0:
        message = "NOT TRIED: a full disk can only be mounted as root on Linux"
        warnings.warn(message, stacklevel=1)
        pytest.skip(message)
    with tempfile.TemporaryDirectory(prefix="vg-full-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("NOT TRIED: this machine does not let its root mount anything")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(path: Path, leave: int = 0) -> None:
    """Let a foreign file take all but `leave` bytes."""
    with path.open("wb", buffering=0) as file:
        size = disk_of(path.parent).free - leave
        try:
            os.posix_fallocate(file.fileno(), 0, max(1, size))
        except OSError as err:
            assert err.errno == ENOSPC  # noqa: PT017 - the disk is as full as it gets
        while leave == 0:
            try:
                file.seek(0, os.SEEK_END)
                file.write(bytes(4096))
            except OSError:
                return


def test_a_disk_that_keeps_filling_is_emptied_in_order_and_never_stops_anything(mount: Path) -> None:
    root = Root.at(mount)
    star = sealed(root, -100, starred=True, film=MEGABYTE)
    clips: list[Clip] = []
    segments: list[Clip] = []
    failed = 0

    def record(n: int) -> Clip | None:
        nonlocal failed
        kind = ClipKind.SEGMENT if n % 2 else ClipKind.CLIP
        try:
            clip = sealed(root, n / 60, kind=kind, film=MEGABYTE)
        except (VaultError, OSError):
            failed += 1
            return None
        (segments if n % 2 else clips).append(clip)
        return clip

    async def scenario() -> None:
        async with keeping(root, ROOMY) as house:
            # when three times as much is recorded as there is room for
            for n in range(180):
                clip = await asyncio.to_thread(record, n)
                if clip is not None:
                    await house.retention.arrived(ClipSealed(clip, ()))
                await house.turn(31)
            # then nothing was refused, and what stays is a star and the newest clips
            assert failed == 0
            assert "retention_failing" not in house.items()
            assert lying(root, star) == [star.id]
            left = lying(root, *clips)
            assert left == [clip.id for clip in clips[-len(left) :]]
            assert len(left) > 40
            assert len(lying(root, *segments)) <= 1
            disk = await asyncio.to_thread(disk_of, mount)
            assert disk.free >= disk.total * 0.03

    run(scenario())
    gone = [e for e in root.journal("door").read().entries if e.kind is EntryKind.DELETED]
    assert len(gone) == 181 - len(lying(root, star, *clips, *segments))
    assert root.journal("door").read().problems == ()


def test_when_others_fill_the_disk_it_is_told_and_over_by_itself(mount: Path) -> None:
    root = Root.at(mount)
    star = sealed(root, -100, starred=True, film=MEGABYTE)
    clips = [sealed(root, n / 10 - 2, film=MEGABYTE) for n in range(20)]
    foreign = mount / "foreign"

    async def scenario() -> None:
        async with keeping(root, ROOMY) as house:
            await house.turn()
            assert house.retention.latest().ballast  # type: ignore[union-attr]
            assert house.items() == set()

            # given not one byte is free
            await asyncio.to_thread(fill, foreign)
            assert (await asyncio.to_thread(disk_of, mount)).free == 0
            await house.turn()

            # then the oldest clips went, no more than was needed, each with its entry
            left = lying(root, *clips)
            assert left == [clip.id for clip in clips[-len(left) :]]
            assert 14 <= len(left) <= 17
            assert lying(root, star) == [star.id]

            # and when the foreign file goes, all is as before
            await asyncio.to_thread(foreign.unlink)
            await house.turn(700)
            assert house.items() == set()
            assert house.retention.latest().ballast  # type: ignore[union-attr]
            assert lying(root, *clips) == left

    run(scenario())


def test_where_nothing_can_go_it_is_said_and_nothing_breaks(mount: Path) -> None:
    root = Root.at(mount)
    root.files.mkdir(mount / "clips")
    foreign = mount / "foreign"

    async def scenario() -> None:
        async with keeping(root, ROOMY) as house:
            await house.turn()
            await asyncio.to_thread(fill, foreign)
            await house.turn()
            await house.turn()
            # the ballast was given up, so that at least the database can write
            assert "ballast_spent" in house.items()
            assert (await asyncio.to_thread(disk_of, mount)).free > 1 << 20

            await asyncio.to_thread(fill, mount / "more")
            await house.turn()
            assert "disk_full" in house.items()

            await asyncio.to_thread(foreign.unlink)
            await house.turn(700)
            assert house.items() == set()

    run(scenario())


def test_a_core_starts_on_a_disk_without_a_free_byte(mount: Path) -> None:
    with core_at(mount) as core:
        star = sealed(core.root, -100, starred=True, film=MEGABYTE)
        clips = [sealed(core.root, n, film=MEGABYTE) for n in range(20)]
        fill(mount / "foreign")

        core.start()
        wait_for(lambda: disk_of(mount).free > 1 << 20, "room to be made")
        wait_for(lambda: _indexed(core) > 0, "the rest to be listed")

        assert core.process is not None
        assert core.process.poll() is None
        left = lying(core.root, *clips)
        assert left == [clip.id for clip in clips[-len(left) :]]
        assert len(left) >= 14
        assert lying(core.root, star) == [star.id]
        assert "Traceback" not in core.log.read_text()


def _indexed(core: CoreRun) -> int:
    return core.log.read_text().count("recordings indexed")
