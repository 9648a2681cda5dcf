"""What the ledger says is missing, held against when pictures were served and what the recordings show.

Tolerances are three times the promised figures: a stall is seen within 10 s, recording goes on within 5 s of
a kill, at most 1 s of what was received is lost. The ledger's own figure is a second.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from fakecam.process import FakeCameraProcess
from fakecam.scene import Ink, Scene
from fakecam.spec import CameraSpec
from rig.footage import Shown, shown
from rig.house import House, Json, wait_for
from vigilar.vault.keys import KeyRing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SECOND = 1_000_000_000
EXACT_S = 3 * 1.0
SCENE = Scene(320, 180, 10, 120.0, bit_rate=200_000, gop_s=1.0, preset="ultrafast", ink=Ink.LUMA)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeCameraProcess]:
    with FakeCameraProcess([CameraSpec("yard", SCENE)]) as cameras:
        yield cameras


@pytest.fixture
def house(tmp_path: Path, fake: FakeCameraProcess) -> Iterator[House]:
    recording = {"mode": "continuous", "segment": 120}
    cameras = {"yard": {"main": fake.url("yard"), "recording": recording}}
    with House(tmp_path / "house", cameras, time_zone="Etc/UTC") as running:
        running.wait_online()
        time.sleep(3)
        yield running


def wall(monotonic_ns: int) -> datetime:
    """Return the wall time of a moment on the monotonic clock."""
    return datetime.now(UTC) - timedelta(seconds=(time.monotonic_ns() - monotonic_ns) / SECOND)


def gaps_since(house: House, since_ns: int) -> list[Json]:
    """Return the gaps since a moment, oldest first."""
    items: list[Json] = house.get("/coverage", camera="yard", **{"from": wall(since_ns).isoformat()})["items"]
    return list(reversed(items))


def missing_since(house: House, since_ns: int, reason: str) -> float:
    return sum(gap["seconds"] for gap in gaps_since(house, since_ns) if gap["reason"] == reason)


def holes_in_recordings(house: House, fake: FakeCameraProcess, began_ns: int) -> list[float]:
    """Return the seconds between one recording's last picture and the next one's first."""
    keys, timeline = KeyRing.load(house.keys), fake.timeline("yard")
    found: list[Shown] = []
    for path in sorted((house.data / "segments" / "yard").rglob("*.vge"), key=lambda path: path.name):
        found.append(shown(path, keys, timeline, found[-1].last_ns if found else began_ns))
    return [(after.first_ns - before.last_ns) / SECOND for before, after in pairwise(found)]


def today(house: House) -> Json:
    camera: Json = house.get("/coverage/today")["cameras"][0]
    return camera


def test_stalls_kicks_and_kills_are_in_the_ledger_with_their_lengths(
    house: House, fake: FakeCameraProcess
) -> None:
    began_ns = time.monotonic_ns()

    # When the camera sends nothing for 14 s while its connections stay open
    fake.fault("yard", "stall")
    stalled_ns = time.monotonic_ns()
    wait_for(lambda: today(house)["now"], "the stall to be seen", 30, log=house.log)
    lasting = today(house)
    assert lasting["now"]["reason"] == "stalled"
    assert abs(lasting["missing_s"] - (time.monotonic_ns() - stalled_ns) / SECOND) <= EXACT_S
    time.sleep(max(0.0, 14 - (time.monotonic_ns() - stalled_ns) / SECOND))
    fake.fault("yard", "resume")
    house.wait_online()
    back_ns = time.monotonic_ns()
    wait_for(lambda: missing_since(house, began_ns, "stalled"), "the stall to be kept", 30, log=house.log)
    # … then it is missing from its last picture until it was back
    stall_s = sum(gap["seconds"] for gap in gaps_since(house, began_ns))
    assert 14 - EXACT_S <= stall_s <= (back_ns - stalled_ns) / SECOND + EXACT_S

    # When its connections are cut, then what the way back took is missing
    time.sleep(2)
    kicked_ns = time.monotonic_ns()
    fake.fault("yard", "kick")
    wait_for(
        lambda: missing_since(house, kicked_ns, "camera_offline"), "the kick to be kept", 30, log=house.log
    )

    # When the process that records is killed
    time.sleep(3)
    killed_ns = house.kill("capture:yard")
    wait_for(
        lambda: missing_since(house, killed_ns, "capture_down"), "the kill to be kept", 30, log=house.log
    )
    [kill] = [gap for gap in gaps_since(house, killed_ns) if gap["reason"] == "capture_down"]
    assert abs(datetime.fromisoformat(kill["start"]) - wall(killed_ns)) <= timedelta(seconds=EXACT_S)

    # When the core is killed, then nothing is missing: the camera was recorded all the while
    before = gaps_since(house, began_ns)
    house.kill("core")
    house.wait_online()
    time.sleep(6)
    assert gaps_since(house, began_ns) == before

    # Then the ledger agrees with what the recordings show, gap by gap
    told = [gap["seconds"] for gap in before]
    summary = today(house)
    assert abs(summary["missing_s"] - sum(summary["by_reason"].values())) < 0.2
    view = house.get("/cameras/yard")
    assert abs(view["missing_today_s"] - summary["missing_s"]) < 0.2
    assert house.stop() == 0
    holes = [seconds for seconds in holes_in_recordings(house, fake, began_ns - 5 * SECOND) if seconds > 0.5]
    print(f"told {told}, shown {holes}")
    assert abs(sum(told) - sum(holes)) <= EXACT_S * len(holes)


def test_a_killed_supervisor_and_a_stop_are_time_the_worker_was_down(
    house: House, fake: FakeCameraProcess
) -> None:
    # Given a worker whose supervisor is killed; after a while it is started again
    killed_ns = house.kill_supervisor()
    time.sleep(8)
    run = house.run
    house.start()
    house.wait_online()
    wait_for(lambda: missing_since(house, killed_ns, "worker_down"), "the time to be kept", 40, log=house.log)

    # Then the time from the last recorded moment to the first is missing
    [gap] = [gap for gap in gaps_since(house, killed_ns) if gap["reason"] == "worker_down"]
    started = datetime.fromisoformat(gap["start"])
    assert wall(killed_ns) - timedelta(seconds=EXACT_S) <= started <= wall(killed_ns) + timedelta(seconds=6)
    assert gap["seconds"] >= 8 - 3 - EXACT_S

    # And when it is stopped and its marks are gone (as a system service's are), its last heartbeat tells
    assert house.stop() == 0
    stopped_ns = time.monotonic_ns()
    for mark in run.glob("mark-*"):
        mark.unlink()
    time.sleep(6)
    house.start()
    house.wait_online()
    online_ns = time.monotonic_ns()
    wait_for(
        lambda: missing_since(house, stopped_ns, "worker_down"), "the time to be kept", 40, log=house.log
    )
    missing_s = sum(gap["seconds"] for gap in gaps_since(house, stopped_ns))
    assert missing_s >= 6
    assert missing_s <= (online_ns - stopped_ns) / SECOND + EXACT_S
