import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from vigilar.bus.messages import ClipSealed
from vigilar.domain.clip import ClipKind, Trigger
from vigilar.domain.event import EventType, Severity
from vigilar.domain.query import ClipQuery, ClipView, EventQuery
from vigilar.recordings.intake import RecordingIntake
from vigilar.recordings.reconcile import Outcome, Reconciler
from vigilar.store.clips import Clips
from vigilar.store.events import Events
from vigilar.store.outbox import Outbox
from vigilar.store.system_events import SystemEvents
from worker.recordings.vaulted import Desk, Root, archive
from worker.store.fakes import BEGIN, a_clip, an_event, run


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


async def listed(desk: Desk) -> list[ClipView]:
    return list((await desk.database.run(lambda c: Clips(c).page(ClipQuery()))).items)


async def notes(desk: Desk) -> list[tuple[Severity, str]]:
    found = await desk.database.run(lambda c: SystemEvents(c).newest(50))
    return [(event.severity, event.message) for event in found]


def test_files_without_a_row_are_listed_from_what_they_say_of_themselves(root: Root) -> None:
    # given a clip with a star, a segment, and a recovered clip, all of them only as files
    clip = root.seal(a_clip()).clip
    root.files.write_atomic(root.places.star_of(clip), b"")
    segment = root.seal(a_clip(kind=ClipKind.SEGMENT, trigger=Trigger.CONTINUOUS, n=2)).clip
    recovered = root.seal(a_clip(start=BEGIN + timedelta(seconds=30)), recovered_from="ab" * 16).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            outcome = await Reconciler(desk.archive).camera("door")

            # then all are listed as they are
            assert outcome == Outcome(added=3)
            assert await listed(desk) == [
                ClipView(recovered, starred=False),
                ClipView(segment, starred=False),
                ClipView(clip, starred=True),
            ]
            assert recovered.recovered
            # and told, but not sent out: it is no news
            assert {view.clip.id for view in desk.told.of("clip")} == {clip.id, segment.id, recovered.id}
            assert await desk.database.run(lambda c: Outbox(c).pending(10)) == []
            # and a second time there is nothing to do
            assert await Reconciler(desk.archive).camera("door") == Outcome()

    run(scenario())


def test_a_rebuilt_index_knows_which_clip_shows_which_event(root: Root) -> None:
    clip = root.seal(a_clip(), event_id="e1", events=("e1", "e2")).clip
    manual = root.seal(a_clip(trigger=Trigger.MANUAL, n=2)).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            await desk.database.run(lambda c: Events(c, BEGIN).add(an_event("e2"), desk.clock.instant()))
            await Reconciler(desk.archive).everything(())

            event = await desk.database.run(lambda c: Events(c, BEGIN).get("e2"))
            assert event is not None
            assert event.clip_id == clip.id
            page = await desk.database.run(lambda c: Events(c, BEGIN).page(EventQuery()))
            asked = next(e for e in page.items if e.type is EventType.MANUAL_RECORDING)
            assert (asked.clip_id, asked.start, asked.end) == (manual.id, manual.start, manual.end)

    run(scenario())


def test_a_file_being_written_is_left_alone(root: Root) -> None:
    writer = root.open(a_clip())

    async def scenario() -> Outcome:
        async with archive(root) as desk:
            return await Reconciler(desk.archive).camera("door")

    assert run(scenario()) == Outcome()
    assert writer.part.exists()
    writer.abandon()


def test_a_row_whose_file_is_gone_goes_and_that_is_said_aloud(root: Root) -> None:
    gone, kept = root.seal(a_clip(), event_id="e1").clip, root.seal(a_clip(n=2)).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            reconciler = Reconciler(desk.archive)
            await desk.database.run(lambda c: Events(c, BEGIN).add(an_event("e1"), desk.clock.instant()))
            await reconciler.camera("door")
            await asyncio.to_thread(root.file(gone).unlink)

            assert await reconciler.camera("door") == Outcome(removed=1)

            assert [view.clip for view in await listed(desk)] == [kept]
            [(severity, message)] = await notes(desk)
            assert severity is Severity.ALERT
            assert gone.id in message
            assert desk.told.of("clip_deleted") == [{"id": gone.id, "camera": "door"}]
            assert desk.told.of("event")[-1].clip_id is None

    run(scenario())


def test_a_disk_that_is_not_mounted_does_not_empty_the_index(root: Root) -> None:
    clip = root.seal(a_clip()).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            reconciler = Reconciler(desk.archive)
            await reconciler.camera("door")
            away = root.path / "away"
            await asyncio.to_thread(shutil.move, root.path / "clips", away)

            # A camera without recordings says nothing about the disk, and it is told once, not per camera.
            assert await reconciler.everything(["door", "yard"]) == Outcome()
            assert await reconciler.camera("door") == Outcome()
            assert reconciler.storage_missing
            assert [view.clip for view in await listed(desk)] == [clip]
            assert [severity for severity, _ in await notes(desk)] == [Severity.CRITICAL]

            await asyncio.to_thread(shutil.move, away, root.path / "clips")
            assert await reconciler.camera("door") == Outcome()
            assert not reconciler.storage_missing

    run(scenario())


@pytest.mark.parametrize("harm", ["cut", "flipped", "foreign", "empty"])
def test_what_cannot_be_read_is_named_once_and_hides_nothing_else(root: Root, harm: str) -> None:
    # given a good recording and one that was harmed
    good, bad = root.seal(a_clip()).clip, root.seal(a_clip(n=2)).clip
    content = root.file(bad).read_bytes()
    harmed = {
        "cut": content[:-50],
        "flipped": content[:-200] + bytes([content[-200] ^ 1]) + content[-199:],
        "foreign": b"\x00\x00\x00\x18ftypmp42" * 100,
        "empty": b"",
    }
    root.file(bad).write_bytes(harmed[harm])

    async def scenario() -> None:
        async with archive(root) as desk:
            reconciler = Reconciler(desk.archive)
            for _ in range(2):
                await reconciler.camera("door")

            assert [view.clip for view in await listed(desk)] == [good]
            assert reconciler.unreadable["door"] == {bad.path}
            [(severity, message)] = await notes(desk)
            assert severity is Severity.WARNING
            assert bad.path in message

    run(scenario())


def test_a_recording_put_in_another_cameras_place_is_not_listed_there(root: Root) -> None:
    clip = root.seal(a_clip()).clip
    elsewhere = root.path / "clips" / "yard" / "2026-03-01"
    elsewhere.mkdir(parents=True)
    shutil.copy(root.file(clip), elsewhere / f"{clip.id}.vge")
    shutil.copy(root.file(clip), root.file(clip).with_name("door_20260301T130000Z.vge"))

    async def scenario() -> Outcome:
        async with archive(root) as desk:
            outcome = await Reconciler(desk.archive).everything(["door"])
            assert [view.clip for view in await listed(desk)] == [clip]
            return outcome

    assert run(scenario()) == Outcome(added=1, unreadable=2)


def test_found_first_or_told_first_a_recording_is_one_row_and_one_message(root: Root) -> None:
    described = root.seal(a_clip())

    async def scenario() -> None:
        async with archive(root) as desk:
            reconciler, intake = Reconciler(desk.archive), RecordingIntake(desk.archive)
            sealed = ClipSealed(described.clip, described.event_ids)
            await reconciler.camera("door")
            await intake.sealed(sealed)
            await reconciler.camera("door")
            await intake.sealed(sealed)

            assert [view.clip for view in await listed(desk)] == [described.clip]
            sent = await desk.database.run(lambda c: Outbox(c).pending(10))
            assert [message.dedupe_key for message in sent] == [f"{described.clip.id}:1"]
            assert len(desk.told.of("clip")) == 1

    run(scenario())


def test_stars_follow_their_files(root: Root) -> None:
    clip = root.seal(a_clip()).clip

    async def scenario() -> list[bool]:
        async with archive(root) as desk:
            reconciler = Reconciler(desk.archive)
            seen = []
            star = root.places.star_of(clip)
            for change in (star.parent.exists, star.touch, star.unlink):
                await asyncio.to_thread(change)
                await reconciler.camera("door")
                seen.append((await listed(desk))[0].starred)
            return seen

    assert run(scenario()) == [False, True, False]
