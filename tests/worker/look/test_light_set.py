"""The fake camera's light set as the look process sees it: light is no movement, people always are."""

import pytest

from fakecam.light_set import LightCase, light_set
from fakecam.sightings import sightings
from fakecam.studio import film
from vigilar.bus.messages import MotionKind, MotionState
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import LookCamera, MotionSettings, StreamSettings
from vigilar.look.camera import CameraLook
from vigilar.media.packet import MediaPacket
from vigilar.media.source import open_source

pytestmark = pytest.mark.slow

SEEN_WITHIN_S = 2.0
CASES = light_set()


class FilmClock(SystemClock):
    """Time as it passes in the film: waiting moves it on at once."""

    def __init__(self) -> None:
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1_000_000_000)


def told(case: LightCase) -> list[tuple[float, MotionState]]:
    """Return what is told while the film plays, with the second of the film it is told at."""
    clock, said = FilmClock(), list[tuple[float, MotionState]]()
    look = CameraLook(
        LookCamera("yard", MotionSettings(), has_sub=True),
        clock=clock,
        say=lambda state: said.append((clock.now_ns / 1e9, state)),
    )
    settings = StreamSettings(str(film(case.scene)))
    source = open_source(settings, clock=clock, audio=False, wait=clock.wait)
    packets = [item for item in source.packets() if isinstance(item, MediaPacket)]
    clock.now_ns = 0
    for packet in packets:
        clock.now_ns = max(clock.now_ns, packet.arrival_ns)
        look.take(source.info, [packet], lost=False)
        look.tick()
    return said


@pytest.mark.parametrize("case", [case for case in CASES if not case.scene.walks], ids=lambda case: case.name)
def test_light_alone_is_never_movement(case: LightCase) -> None:
    assert [at for at, state in told(case) if state.kind is MotionKind.MOTION] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.scene.walks], ids=lambda case: case.name)
def test_whoever_walks_in_is_seen_within_two_seconds(case: LightCase) -> None:
    enters_s = sightings(case.scene)[0].first_ms / 1000
    seen = [at for at, state in told(case) if state.kind is MotionKind.MOTION]
    assert seen, "nobody was seen"
    assert enters_s <= seen[0] <= enters_s + SEEN_WITHIN_S
