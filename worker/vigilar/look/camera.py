"""One camera as the look process sees it: packets in, states of events out."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from av.video.frame import VideoFrame

from vigilar.bus.messages import ConditionState, LookStatus, MotionState
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.settings import LookCamera, MotionSettings
from vigilar.look.cadence import Cadence
from vigilar.look.complaints import Complaints
from vigilar.look.condition import ConditionJudge
from vigilar.look.eye import Eye
from vigilar.look.happenings import Happenings
from vigilar.look.motion import MotionJudge
from vigilar.look.policy import CALM_BEFORE_SAVING_NS, DecodePolicy, Depth, KeyInterval
from vigilar.media.decode import LumaFrame
from vigilar.media.errors import MediaError
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo

_LOG = logging.getLogger(__name__)
BEHIND: Final = "look_behind"
UNDECODABLE: Final = "undecodable"
STRAINED_NS: Final = NANOSECONDS
"""Pictures this old when judged: looks become rarer until the machine has caught up."""


@dataclass(slots=True)
class _Tally:
    """What happened since the last status."""

    looks: int = 0
    since_ns: int = 0
    behind_ns: int = 0


class CameraLook:
    """Decodes and judges one camera. One thread owns it.

    `say` receives the states of motion events in order, `complain` those of what is wrong with the picture.
    """

    def __init__(
        self,
        settings: LookCamera,
        *,
        clock: Clock,
        say: Callable[[MotionState], None],
        complain: Callable[[ConditionState], None] = lambda _: None,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self.camera = settings.camera
        self.last_picture: VideoFrame | None = None
        """The newest picture that was judged."""
        self._motion = settings.motion
        self._policy = DecodePolicy(settings.motion, settings.has_sub)
        self._clock = clock
        self._say = say
        self._complain = complain
        self._eye = Eye()
        self._judge = MotionJudge(settings.motion)
        self._cadence = Cadence(settings.motion)
        self._happenings = Happenings(settings.camera, new_id)
        self._condition = ConditionJudge(settings.condition)
        self._complaints = Complaints(settings.camera, new_id)
        self._keys = KeyInterval()
        self._looked_ns = self._stirred_ns = 0
        self._looks = 0
        self._tally = _Tally(since_ns=clock.monotonic_ns())
        self._problem = ""

    @property
    def enabled(self) -> bool:
        """Whether this camera is judged at all."""
        return self._motion.enabled

    @property
    def stirring(self) -> bool:
        """Whether something moves or may: pictures are wanted as they come."""
        return self._cadence.quick or self._happenings.any_open

    def set_motion(self, motion: MotionSettings) -> None:
        """Change the settings; what was learned is kept, events end where judging ends."""
        self._motion = motion
        self._policy = DecodePolicy(motion, self._policy.has_sub)
        self._judge.set_settings(motion)
        self._cadence.set_settings(motion)
        if not motion.enabled:
            self.end()
            self._eye.lost()

    def take(self, info: StreamInfo | None, packets: list[MediaPacket], *, lost: bool) -> None:
        """Decode a batch of packets and judge what is due. Never raises for what the stream holds."""
        if lost:
            self._eye.lost()
            self._keys.interrupted()
        try:
            if info is not None:
                self._eye.describe(info)
            for packet in packets:
                self._take_packet(packet)
        except MediaError as err:
            if self._problem != UNDECODABLE:
                _LOG.error("nothing can be seen: %s", err, extra={"camera": self.camera})
            self._problem = UNDECODABLE
            self._eye.lost()

    def _take_packet(self, packet: MediaPacket) -> None:
        if packet.keyframe:
            self._keys.key_frame(packet.arrival_ns)
            self._choose_idle_depth(packet.arrival_ns)
        self._cadence.arrived(packet.arrival_ns)
        due = self.stirring or self._cadence.due(packet.arrival_ns, key=packet.keyframe)
        if not due and self._eye.put_off(packet):
            return
        for frame in self._eye.pictures(packet):
            self._take_picture(frame)
            del frame  # else it would be held while the next one is decoded
        if self.stirring and self._eye.depth is not Depth.ALL and not self._strained(packet.arrival_ns):
            for frame in self._eye.change_depth(Depth.ALL):
                self._take_picture(frame)

    def _choose_idle_depth(self, at_ns: int) -> None:
        """Save work from this key frame on, if nothing has stirred for a while."""
        if self.stirring or at_ns - self._stirred_ns < CALM_BEFORE_SAVING_NS:
            return
        for _ in self._eye.change_depth(self._policy.idle_depth(self._keys.seconds)):
            pass  # the group that begins now has nothing to catch up with

    def _take_picture(self, frame: LumaFrame) -> None:
        at_ns = frame.arrival_ns
        if at_ns <= self._looked_ns or not self._cadence.due(at_ns, key=frame.keyframe):
            return
        self._looked_ns = at_ns
        verdict = self._judge.look(frame.luma, at_ns)
        self._cadence.looked(verdict, strained=self._strained(at_ns), key=frame.keyframe)
        self.last_picture, self._problem = frame.picture, ""
        self._looks += 1
        self._tally.looks += 1
        self._tally.behind_ns = max(self._tally.behind_ns, self._clock.monotonic_ns() - at_ns)
        for state in self._happenings.after_look(verdict):
            self._say(state)
        self._take_condition(frame)
        if self.stirring:
            self._stirred_ns = at_ns

    def _take_condition(self, frame: LumaFrame) -> None:
        if self._judge.picture is None:
            return
        self._condition.look(self._judge.picture, frame.luma, frame.arrival_ns, key=frame.keyframe)
        for state in self._complaints.after_look(self._condition.now(), frame.arrival_ns):
            self._complain(state)

    def _strained(self, at_ns: int) -> bool:
        return self._clock.monotonic_ns() - at_ns > STRAINED_NS

    def tick(self) -> None:
        """Say what the passing of time makes to say; call at least twice a second while anything is open."""
        now_ns = self._clock.monotonic_ns()
        for state in self._happenings.after_time(now_ns):
            self._say(state)
        for complaint in self._complaints.after_time(now_ns):
            self._complain(complaint)

    def end(self) -> None:
        """End what is open."""
        for state in self._happenings.end_all():
            self._say(state)
        for complaint in self._complaints.end_all():
            self._complain(complaint)

    def status(self) -> LookStatus:
        """Return how it is going, and begin to count anew."""
        now = self._clock.monotonic_ns()
        seconds = max(1e-3, (now - self._tally.since_ns) / NANOSECONDS)
        behind_s = self._tally.behind_ns / NANOSECONDS
        problem = self._problem or self._policy.problem(self._keys.seconds)
        status = LookStatus(
            self.camera,
            self._looks,
            self._eye.decoded,
            self._eye.errors,
            self._tally.looks / seconds,
            behind_s,
            self._happenings.moving,
            self._keys.seconds,
            problem or (BEHIND if behind_s > 2 * STRAINED_NS / NANOSECONDS else ""),
        )
        self._tally = _Tally(since_ns=now)
        return status
