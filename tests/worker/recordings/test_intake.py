from pathlib import Path

import pytest

from vigilar.bus.messages import ClipOpened, ClipSealed
from vigilar.domain.clip import ClipKind, Trigger
from vigilar.domain.event import EventType
from vigilar.domain.query import ClipQuery, EventQuery
from vigilar.recordings.intake import RecordingIntake
from vigilar.store.clips import Clips
from vigilar.store.events import Events
from worker.recordings.vaulted import Root, archive
from worker.store.fakes import BEGIN, a_clip, an_event, run


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


def test_a_sealed_recording_told_twice_is_one_row_and_told_on_once(root: Root) -> None:
    clip = root.seal(a_clip()).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            for _ in range(2):
                await RecordingIntake(desk.archive).sealed(ClipSealed(clip, ("e1",)))

            page = await desk.database.run(lambda c: Clips(c).page(ClipQuery()))
            assert [view.clip for view in page.items] == [clip]
            assert [view.clip for view in desk.told.of("clip")] == [clip]
            assert desk.changed == ["door"]

    run(scenario())


def test_a_sealed_recording_whose_file_is_gone_gets_no_row(root: Root) -> None:
    async def scenario() -> int:
        async with archive(root) as desk:
            await RecordingIntake(desk.archive).sealed(ClipSealed(a_clip()))
            return await desk.database.run(lambda c: Clips(c).count())

    assert run(scenario()) == 0


@pytest.mark.parametrize("event_first", [True, False])
def test_an_event_has_its_clip_as_soon_as_recording_began(root: Root, event_first: bool) -> None:
    clip = a_clip()
    opened = ClipOpened("door", clip.id, ClipKind.CLIP, Trigger.MOTION, 0, "e1")

    async def scenario() -> str | None:
        async with archive(root) as desk:
            intake = RecordingIntake(desk.archive)
            now = desk.clock.instant()
            if event_first:
                await desk.database.run(lambda c: Events(c, BEGIN).add(an_event("e1"), now))
            await intake.opened(opened)
            if not event_first:
                await desk.database.run(lambda c: Events(c, BEGIN).add(an_event("e1"), now))
            event = await desk.database.run(lambda c: Events(c, BEGIN).get("e1"))
            return event and event.clip_id

    assert run(scenario()) == clip.id


def test_a_recording_somebody_asked_for_is_an_event_from_its_start_to_its_end(root: Root) -> None:
    clip = root.seal(a_clip(trigger=Trigger.MANUAL)).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            intake = RecordingIntake(desk.archive)
            opened = ClipOpened(
                "door", clip.id, ClipKind.CLIP, Trigger.MANUAL, desk.clock.monotonic_ns(), None
            )
            for message in (opened, opened):
                await intake.opened(message)
            [event] = (await desk.database.run(lambda c: Events(c, BEGIN).page(EventQuery()))).items
            assert (event.type, event.start, event.end, event.clip_id) == (
                EventType.MANUAL_RECORDING, BEGIN, None, clip.id,
            )  # fmt: skip

            await intake.sealed(ClipSealed(clip))

            [event] = (await desk.database.run(lambda c: Events(c, BEGIN).page(EventQuery()))).items
            assert event.end == clip.end

    run(scenario())
