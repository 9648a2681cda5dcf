"""The fake camera's light set as the look process sees it: light is no movement, people always are."""

import pytest

from fakecam.light_set import LightCase, light_set
from fakecam.sightings import sightings
from fakecam.studio import film
from vigilar.bus.messages import ConditionState, MotionKind, MotionState
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import LookCamera, MotionSettings, StreamSettings
from vigilar.look.camera import CameraLook
from vigilar.media.packet import MediaPacket
from vigilar.media.source import open_source
from worker.look.streams import at

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


def told(
    case: LightCase, complaints: list[ConditionState] | None = None, *, times: int = 1
) -> list[tuple[float, MotionState]]:
    """Return what is told while the film plays (so many times), with the second of the film it is told at.

    What is said of the camera's condition is added to `complaints`.
    """
    clock, said = FilmClock(), list[tuple[float, MotionState]]()
    look = CameraLook(
        LookCamera("yard", MotionSettings(), has_sub=True),
        clock=clock,
        say=lambda state: said.append((clock.now_ns / 1e9, state)),
        complain=[].append if complaints is None else complaints.append,
    )
    settings = StreamSettings(str(film(case.scene)))
    source = open_source(settings, clock=clock, audio=False, wait=clock.wait)
    packets = [item for item in source.packets() if isinstance(item, MediaPacket)]
    clock.now_ns = 0
    length_ns = packets[-1].arrival_ns - packets[0].arrival_ns + 100_000_000
    for round_ in range(times):
        for packet in packets:
            sent = at(packet, packet.arrival_ns + round_ * length_ns)
            clock.now_ns = max(clock.now_ns, sent.arrival_ns)
            look.take(source.info, [sent], lost=False)
            look.tick()
    return said


@pytest.mark.parametrize("case", [case for case in CASES if not case.scene.walks], ids=lambda case: case.name)
def test_light_alone_is_never_movement(case: LightCase) -> None:
    assert [at_s for at_s, state in told(case) if state.kind is MotionKind.MOTION] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_neither_light_nor_people_are_harm_to_the_camera(case: LightCase) -> None:
    complaints: list[ConditionState] = []
    told(case, complaints, times=4)  # once or twice for the view to be learned
    assert complaints == []


@pytest.mark.parametrize("case", [case for case in CASES if case.scene.walks], ids=lambda case: case.name)
def test_whoever_walks_in_is_seen_within_two_seconds(case: LightCase) -> None:
    enters_s = sightings(case.scene)[0].first_ms / 1000
    seen = [at_s for at_s, state in told(case) if state.kind is MotionKind.MOTION]
    assert seen, "nobody was seen"
    assert enters_s <= seen[0] <= enters_s + SEEN_WITHIN_S
