from dataclasses import dataclass, field
from datetime import UTC, datetime

from vigilar.bus.messages import AnyMessage, ClipOpened, ClipSealed
from vigilar.capture.actions import Action, CloseFile, OpenFile, WriteChunks
from vigilar.capture.backlog import Backlog
from vigilar.capture.chunk import Chunk
from vigilar.capture.recording_file import head_of
from vigilar.capture.writer import Writer
from vigilar.domain.clip import Clip, ClipKind, Trigger
from vigilar.domain.recording import RecordingTail, clip_of
from vigilar.vault.errors import WriteFailedError
from worker.capture.clocks import HandClock
from worker.capture.footage import INFO, Camera

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class FakeRecording:
    """Remembers what was done to it; fails where it is told to."""

    opened: OpenFile
    fail_at: str = ""
    done: list[str] = field(default_factory=list)

    def _do(self, what: str) -> None:
        if what == self.fail_at:
            raise WriteFailedError(f"no space left while it should {what}")
        self.done.append(what)

    def write(self, chunk: Chunk) -> None:
        self._do("write")

    def write_early_sound(self, chunk: Chunk) -> None:
        self._do("early sound")

    def sync(self) -> None:
        self._do("sync")

    def seal(self, end_ns: int, event_ids: tuple[str, ...]) -> Clip:
        self._do("seal")
        tail = RecordingTail(START, 1.0, event_ids)
        return clip_of(head_of("door", self.opened), tail, path="p", size_bytes=1, file_id="f")

    def abandon(self) -> None:
        self.done.append("abandon")


class Desk:
    """A writer with fakes around it."""

    def __init__(self, fail_at: dict[str, str] | None = None) -> None:
        self.clock = HandClock()
        self.backlog = Backlog(self.clock)
        self.told: list[AnyMessage] = []
        self.failures: list[tuple[str, str]] = []
        self.recordings: dict[str, FakeRecording] = {}
        self._fail_at = fail_at or {}
        self.writer = Writer(
            "door",
            self.backlog,
            self._open,
            clock=self.clock,
            tell=self.told.append,
            failed=lambda clip_id, reason: self.failures.append((clip_id, reason)),
        )

    def _open(self, opened: OpenFile) -> FakeRecording:
        fail_at = self._fail_at.get(opened.clip_id, "")
        if fail_at == "open":
            raise WriteFailedError("no space left while it should open")
        made = self.recordings[opened.clip_id] = FakeRecording(opened, fail_at)
        return made

    def run(self, *actions: Action) -> None:
        self.backlog.put(list(actions))
        self.backlog.finish()
        self.writer.run()

    def done(self, clip_id: str) -> list[str]:
        return self.recordings[clip_id].done


def opening(clip_id: str, follows: str | None = None) -> OpenFile:
    return OpenFile(clip_id, START, ClipKind.CLIP, Trigger.MOTION, INFO, 5, event_id="e", follows=follows)


def a_clip(clip_id: str) -> list[Action]:
    return [opening(clip_id), WriteChunks(clip_id, (Camera().chunk(),)), CloseFile(clip_id, 9, ("e",))]


def test_a_recording_is_opened_written_sealed_and_told_of() -> None:
    desk = Desk()

    desk.run(*a_clip("a"))

    assert desk.done("a") == ["write", "seal"]
    opened, sealed = desk.told
    assert opened == ClipOpened("door", "a", ClipKind.CLIP, Trigger.MOTION, 5, "e")
    assert isinstance(sealed, ClipSealed)
    assert (sealed.clip.id, sealed.event_ids) == ("a", ("e",))


def test_a_rotated_file_gets_the_end_of_its_sound_before_it_is_sealed() -> None:
    desk = Desk()
    chunk = Camera().chunk()

    desk.run(
        opening("a"),
        WriteChunks("a", (chunk,)),
        CloseFile("a", 9, followed=True),
        opening("b", follows="a"),
        WriteChunks("b", (chunk,)),
    )

    assert desk.done("a") == ["write", "early sound", "seal"]
    assert desk.done("b")[0] == "write"


def test_a_rotated_file_is_sealed_even_if_the_next_cannot_be_opened() -> None:
    desk = Desk({"b": "open"})
    chunk = Camera().chunk()

    desk.run(
        opening("a"),
        WriteChunks("a", (chunk,)),
        CloseFile("a", 9, followed=True),
        opening("b", follows="a"),
        WriteChunks("b", (chunk,)),
        CloseFile("b", 9),
    )

    assert desk.done("a") == ["write", "seal"]
    assert [clip_id for clip_id, _ in desk.failures] == ["b"]


def test_a_file_the_disk_refuses_is_given_up_and_the_others_go_on() -> None:
    for fail_at in ("write", "seal"):
        desk = Desk({"a": fail_at})

        desk.run(*a_clip("a"), *a_clip("b"))

        assert desk.done("a")[-1] == "abandon"
        assert desk.done("b") == ["write", "seal"]
        assert [(clip_id, "no space left" in reason) for clip_id, reason in desk.failures] == [("a", True)]


def test_footage_is_made_durable_about_once_a_second() -> None:
    desk = Desk()
    chunk = Camera().chunk()
    desk.backlog.put([opening("a")])
    for _ in range(12):
        desk.backlog.put([WriteChunks("a", (chunk,))])
    desk.backlog.finish()
    take = desk.backlog.take

    def slowly(timeout_s: float | None) -> list[Action] | None:
        desk.clock.forward(0.25)
        return take(timeout_s)

    desk.backlog.take = slowly  # type: ignore[method-assign]
    desk.writer.run()

    assert desk.done("a").count("sync") == 3


def test_a_sync_that_fails_gives_the_file_up() -> None:
    desk = Desk({"a": "sync"})

    desk.run(opening("a"), WriteChunks("a", (Camera().chunk(),)))

    assert desk.done("a") == ["write", "abandon"]
    assert [clip_id for clip_id, _ in desk.failures] == ["a"]
