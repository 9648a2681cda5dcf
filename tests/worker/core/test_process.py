"""The core as a process of its own: it may die at any moment, and nothing that matters is lost or doubled."""

import json
import os
import random
import signal
import socket
import sqlite3
import time
import urllib.request
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from vigilar.bus.messages import (
    CameraStateChanged,
    CaptureStarted,
    CaptureStatus,
    ClipSealed,
    ConditionKind,
    ConditionState,
    LookStarted,
    MotionKind,
    MotionState,
)
from vigilar.domain.camera import CameraState
from vigilar.domain.event import Event, EventType, SystemEvent
from vigilar.domain.query import ClipQuery, EventQuery
from vigilar.domain.settings import ApiSettings
from vigilar.store.clips import Clips
from vigilar.store.engine import make_engine
from vigilar.store.events import Events
from vigilar.store.outbox import Outbox
from vigilar.store.system_events import SystemEvents
from worker.cameras.house import a_status
from worker.core.running import CoreRun, core_at, wait_for
from worker.store.fakes import BEGIN, a_clip

pytestmark = pytest.mark.slow


def clips_in(core: CoreRun) -> list[str]:
    with make_engine(core.root.path / "vigilar.db").begin() as connection:
        return [view.clip.id for view in Clips(connection).page(ClipQuery(limit=500)).items]


def events_in(core: CoreRun) -> list[Event]:
    with make_engine(core.root.path / "vigilar.db").begin() as connection:
        return list(Events(connection, BEGIN).page(EventQuery(limit=500)).items)


def notes_in(core: CoreRun) -> list[SystemEvent]:
    with make_engine(core.root.path / "vigilar.db").begin() as connection:
        return list(SystemEvents(connection).newest(100))


def sent_by(core: CoreRun) -> list[str]:
    with make_engine(core.root.path / "vigilar.db").begin() as connection:
        return [message.dedupe_key for message in Outbox(connection).pending(2000)]


def motion(event_id: str, *, active: bool) -> MotionState:
    now = time.monotonic_ns()
    return MotionState("door", event_id, MotionKind.MOTION, active, now, now, 0.5)


def test_what_is_told_is_kept_and_the_core_stops_when_asked(tmp_path: Path) -> None:
    with core_at(tmp_path) as core:
        core.start()
        clip = core.root.seal(a_clip(), event_id="e1").clip
        capture, look = core.link("capture:door"), core.link("look")
        capture.send(CaptureStarted("door", 1), matters=True)
        look.send(LookStarted(2), matters=True)
        look.send(motion("e1", active=True), matters=True)
        look.send(motion("e1", active=False), matters=True)
        capture.send(ClipSealed(clip, ("e1",)), matters=True)
        core.delivered("capture:door")
        core.delivered("look")

        assert core.process is not None
        core.process.send_signal(signal.SIGINT)  # Ctrl-C is the supervisor's to judge
        core.process.send_signal(signal.SIGTERM)
        assert core.ended() == 0

        assert clips_in(core) == [clip.id]
        [event] = events_in(core)
        assert (event.id, event.clip_id, event.end is not None) == ("e1", clip.id, True)


def test_killed_again_and_again_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The captures' and the look process's part is real; the core is killed at random moments."""
    chance = random.Random(5)
    with core_at(tmp_path) as core:
        capture, look = core.link("capture:door"), core.link("look")
        clips, events = [], []
        for round_ in range(4):
            core.start()
            for n in range(40):
                clip = core.root.seal(
                    a_clip(start=BEGIN + timedelta(seconds=40 * round_ + n)), film=b"x"
                ).clip
                event = str(uuid4())
                clips.append(clip.id)
                events.append(event)
                look.send(motion(event, active=True), matters=True)
                capture.send(ClipSealed(clip, (event,)), matters=True)
                look.send(motion(event, active=False), matters=True)
                for link in (capture, look):
                    link.service()
                    link.receive()
            time.sleep(chance.uniform(0.4, 1.4))
            for link in (capture, look):
                link.receive()
            core.kill()
        core.start()
        core.delivered("capture:door")
        core.delivered("look")

        assert sorted(clips_in(core)) == sorted(clips)
        kept = events_in(core)
        assert sorted(event.id for event in kept) == sorted(events)
        assert all(event.end is not None and event.clip_id is not None for event in kept)
        sent = sent_by(core)
        assert len(sent) == len(set(sent))
        assert {key for key in sent if key.startswith("door_")} == {f"{clip}:1" for clip in clips}
        assert (capture.dropped, look.dropped) == (0, 0)


def test_an_orphaned_core_hears_the_last_words_and_ends(tmp_path: Path) -> None:
    with core_at(tmp_path) as core:
        core.start()
        capture = core.link("capture:door")
        capture.send(CaptureStarted("door", 1), matters=True)
        core.delivered("capture:door")

        core.cut()
        begun = time.monotonic()
        clip = core.root.seal(a_clip()).clip  # the capture process seals now, as it is orphaned too
        capture.send(ClipSealed(clip), matters=True)
        core.delivered("capture:door", 3)

        assert core.ended() == 0
        assert time.monotonic() - begun < 9  # three times the three seconds
        assert clips_in(core) == [clip.id]


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_a_database_that_is_gone_is_made_again_from_the_files_and_said(tmp_path: Path, how: str) -> None:
    with core_at(tmp_path) as core:
        kept = [core.root.seal(a_clip(n=n + 1)).clip.id for n in range(3)]
        core.start()
        wait_for(lambda: count(core, "clips") == 3, "the index")
        core.kill()
        for suffix in ("-wal", "-shm"):
            (tmp_path / f"vigilar.db{suffix}").unlink(missing_ok=True)
        if how == "lost":
            (tmp_path / "vigilar.db").unlink()
        else:
            (tmp_path / "vigilar.db").write_bytes(b"\x00\xffgarbage" * 5000)

        core.start()
        wait_for(lambda: count(core, "system_events") == (1 if how == "lost" else 2), "it to be said")

        assert sorted(clips_in(core)) == sorted(kept)
        said = [note.message for note in notes_in(core)]
        assert "3 recordings were listed again from their files" in said[0]
        aside = [path for path in tmp_path.iterdir() if "damaged" in path.name]
        if how == "damaged":
            assert aside[0].read_bytes() == b"\x00\xffgarbage" * 5000
            assert aside[0].name in said[1]
        else:
            assert aside == []


def count(core: CoreRun, table: str) -> int:
    """Look into the database of a running core without writing, locking or making it."""
    try:
        with closing(sqlite3.connect(f"file:{core.root.path}/vigilar.db?mode=ro", uri=True)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_a_database_that_breaks_while_in_use_makes_the_core_start_anew(tmp_path: Path) -> None:
    with core_at(tmp_path) as core:
        clip = core.root.seal(a_clip()).clip
        core.start()
        wait_for(lambda: count(core, "clips") == 1, "the index")
        capture = core.link("capture:door")
        capture.send(CaptureStarted("door", 1), matters=True)
        core.delivered("capture:door")
        # every page of the file and of the log it is written through is overwritten; a commit of somebody
        # else before that makes the core read them again
        with closing(sqlite3.connect(tmp_path / "vigilar.db")) as other, other:
            other.execute("DELETE FROM outbox")
        for path in (tmp_path / "vigilar.db", tmp_path / "vigilar.db-wal"):
            with path.open("r+b") as file:
                file.write(b"\xff" * path.stat().st_size)
        capture.send(CameraStateChanged("door", CameraState.OFFLINE, time.monotonic_ns(), "x"), matters=True)

        assert core.ended(30) == 1
        core.start()
        core.delivered("capture:door")
        wait_for(lambda: count(core, "clips") == 1, "the index")
        assert clips_in(core) == [clip.id]
        assert [event.type for event in events_in(core)] == [EventType.CAMERA_OFFLINE]


def test_settings_it_cannot_read_are_one_clear_line(tmp_path: Path) -> None:
    with core_at(tmp_path) as core:
        core.start(b'{"cameras": 5}')
        assert core.ended() == 2
        assert core.log.read_text().startswith("core: the settings handed to this process cannot be read")
        assert len(core.log.read_text().splitlines()) == 1


def test_a_place_it_cannot_write_to_is_one_clear_line(tmp_path: Path) -> None:
    with core_at(tmp_path) as core:
        (tmp_path / "vigilar.db").mkdir()
        core.start()
        assert core.ended() == 1
        assert "vigilar.db" in core.log.read_text()
        assert "Traceback" not in core.log.read_text()


def test_the_api_shows_what_the_processes_say_and_waits_for_a_taken_port(tmp_path: Path) -> None:
    # given a port that somebody else has
    other = socket.create_server(("127.0.0.1", 0))
    port = other.getsockname()[1]
    with core_at(tmp_path, api=ApiSettings(port=port)) as core:
        core.start()
        wait_for(lambda: "trying again" in core.log.read_text(), "the core to notice")
        other.close()

        # when it is free again, the core comes to it by itself
        status: CaptureStatus = a_status()

        def healthy_enough() -> bool:
            core.link("capture:door").send(status)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                    return bool(json.load(answer)["status"] == "degraded")  # yard is not there
            except OSError:
                return False

        wait_for(healthy_enough, "the API", 30)
        assert core.process is not None
        os.kill(core.process.pid, signal.SIGTERM)
        assert core.ended() == 0


def test_what_is_wrong_with_a_picture_is_an_event_that_outlives_the_core_but_not_the_look_process(
    tmp_path: Path,
) -> None:
    with core_at(tmp_path) as core:
        core.start()
        look = core.link("look")
        now = time.monotonic_ns()
        covered = ConditionState("door", "c1", ConditionKind.COVERED, True, now, now, "something covers it")
        for _ in range(2):
            look.send(covered, matters=True)
        core.delivered("look")
        [event] = events_in(core)
        assert (event.id, event.type, event.end) == ("c1", EventType.CAMERA_COVERED, None)

        core.kill()
        core.start()
        look.send(covered, matters=True)
        core.delivered("look")
        [event] = events_in(core)
        assert event.end is None

        look.send(LookStarted(77), matters=True)
        core.delivered("look")
        [event] = events_in(core)
        assert event.end is not None
