import asyncio
from collections.abc import Callable
from dataclasses import replace

from vigilar.bus.messages import CompareViews, ConditionKind, ConditionState, Reply
from vigilar.cameras.commands import LOOK
from vigilar.cameras.views import ViewCheck
from vigilar.domain.camera import CameraState
from vigilar.domain.settings import ConditionSettings, CoreCamera
from worker.cameras.house import Desk, a_camera, a_look, a_status, desk


class Checked:
    """A check of one camera; `answers` are what the look process says in turn."""

    def __init__(self, *answers: str, camera: CoreCamera | None = None) -> None:
        self.desk: Desk = desk(camera or a_camera())
        self.told: list[ConditionState] = []
        remaining = list(answers)
        reply: Callable[[], tuple[Reply, bytes]] = lambda: (Reply(ok=True, text=remaining.pop(0)), b"")  # noqa: E731
        self.desk.processes.answers["CompareViews"] = reply
        self.desk.processes.answers["KeyframeRequest"] = (Reply(ok=True), b"a key frame")
        self.check = ViewCheck(self.desk.registry, self.desk.processes, self.desk.clock, self._tell)
        self.online()

    async def _tell(self, state: ConditionState) -> None:
        self.told.append(state)

    def online(self, state: CameraState = CameraState.ONLINE) -> None:
        self.desk.registry.capture_status(a_status(state=state))
        self.desk.registry.look_status(a_look())

    def after(self, seconds: float) -> list[bool]:
        """Return what has been told by then: whether the views differ."""
        self.desk.clock.forward(seconds)
        self.online()
        asyncio.run(self.check.tick())
        return [state.active for state in self.told]

    def compared(self) -> int:
        return len(self.desk.processes.commands(LOOK))


def test_views_are_compared_at_the_start_and_then_once_an_hour() -> None:
    c = Checked("same", "same")
    assert c.after(1) == [False]
    asked = [each for each in c.desk.processes.asked if isinstance(each[1], CompareViews)]
    assert asked == [(LOOK, CompareViews("door"), b"a key frame")]
    c.after(1800)
    assert c.compared() == 1
    assert c.after(1801) == [False, False]


def test_views_must_differ_twice_in_a_row_before_it_is_told_and_how_is_said() -> None:
    c = Checked("differs: it shows the middle 75%", "same", "differs: x", "differs: it shows another place")
    assert c.after(1) == []
    assert c.after(61) == [False]
    assert c.after(3601) == [False]
    assert c.after(61) == [False, True]
    assert (c.told[-1].kind, c.told[-1].camera) == (ConditionKind.SUB_VIEW, "door")
    assert "it shows another place" in c.told[-1].detail


def test_a_picture_too_dark_to_compare_says_nothing_and_is_tried_again() -> None:
    c = Checked("unclear", "same")
    assert c.after(1) == []
    assert c.after(30) == []
    assert c.after(31) == [False]


def test_a_camera_that_is_away_or_answers_nothing_is_left_alone() -> None:
    c = Checked("same")
    c.online(CameraState.OFFLINE)
    asyncio.run(c.check.tick())
    assert c.compared() == 0
    c.desk.processes.away.add("capture:door")
    assert c.after(1) == []


def test_the_switch_and_a_camera_without_a_sub_stream_need_no_comparison() -> None:
    off = Checked("same", camera=replace(a_camera(), condition=ConditionSettings(sub_view=False)))
    single = Checked("same", camera=replace(a_camera(), has_sub=False))
    assert off.after(1) == single.after(1) == []
    assert off.compared() == single.compared() == 0
