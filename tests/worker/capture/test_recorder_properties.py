"""Whatever happens: no packet is lost or doubled, files begin with key frames, pre-roll holds."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.capture.actions import Action, WriteChunks
from vigilar.capture.chunk import Chunk
from vigilar.capture.recorder import Recorder
from vigilar.capture.ring import Ring
from vigilar.domain.camera import RecordingMode
from vigilar.domain.clip import ClipKind
from vigilar.domain.errors import UnavailableError
from vigilar.domain.settings import RecordingSettings
from worker.capture.footage import SECOND, Camera
from worker.capture.shelf import Shelf

POST_S = 3.0
RETRY_NS = 3 * SECOND


class RecorderMachine(RuleBasedStateMachine):
    """Drives a recorder; the model knows only when a clip or segment is wanted at the very least."""

    @initialize(
        key_every=st.integers(1, 12),
        pre_roll_s=st.sampled_from([0.0, 1.0, 5.0]),
        max_s=st.sampled_from([1.0, 5.0, 12.0]),
        mode=st.sampled_from(RecordingMode),
    )
    def start(self, key_every: int, pre_roll_s: float, max_s: float, mode: RecordingMode) -> None:
        self.camera = Camera(key_every)
        self.shelf = Shelf()
        self.max_s, self.pre_ns = max_s, int(pre_roll_s * SECOND)
        made = RecordingSettings(
            mode=mode, pre_roll_s=pre_roll_s, post_roll_s=POST_S, max_clip_s=max_s, segment_s=max_s
        )
        self.ring = Ring(pre_roll_s)
        self.recorder = Recorder(made, self.ring, self.shelf.name)
        self.mode = mode
        self.live = False
        self.choked = False
        self.event: str | None = None
        self.first_moving = 0
        self.events = 0
        self.clip_until = 0
        self.failed_at = dict.fromkeys(ClipKind, -RETRY_NS)

    def do(self, actions: list[Action]) -> None:
        self.shelf.do(actions)

    def wants(self, kind: ClipKind, at_ns: int) -> bool:
        if kind is ClipKind.SEGMENT:
            return self.mode is RecordingMode.CONTINUOUS
        return self.clip_until >= at_ns

    @rule(count=st.integers(1, 30), room=st.sampled_from([True, True, True, False]))
    def footage(self, count: int, room: bool) -> None:
        for _ in range(count):
            self._one(self.camera.chunk(), room=room)

    def _one(self, chunk: Chunk, *, room: bool) -> None:
        was_open = {kind: self.shelf.open_ids(kind) for kind in ClipKind}
        actions = self.recorder.take(chunk, room=room)
        self.do(actions)
        self.live, self.choked = True, not room
        for kind in ClipKind:
            written = sum(
                each is chunk
                for action in actions
                if isinstance(action, WriteChunks) and self.shelf.files[action.clip_id].opened.kind is kind
                for each in action.chunks
            )
            now_open = self.shelf.open_ids(kind)
            assert written == (1 if now_open else 0), "received while recording, yet not in exactly one file"
            if room and self.wants(kind, chunk.first_ns):
                may = chunk.last_ns >= self.failed_at[kind] + RETRY_NS
                assert now_open or not (was_open[kind] or (chunk.key and may)), "wanted, yet not recorded"
            if not room:
                assert not now_open

    @rule(before_ms=st.integers(0, 3000), kind=st.sampled_from(MotionKind))
    @precondition(lambda self: self.event is None and self.live)
    def motion_begins(self, before_ms: int, kind: MotionKind) -> None:
        self.events += 1
        self.event = f"e{self.events}"
        self.first_moving = self.camera.now_ns - before_ms * 1_000_000
        had_clip = bool(self.shelf.open_ids(ClipKind.CLIP))
        held = self.ring.since(0)
        self._tell(kind=kind)
        opened = [file for file in self.shelf.of_kind(ClipKind.CLIP) if file.closed is None]
        if had_clip or self.mode is RecordingMode.OFF or not opened:
            return
        chain = [opened[0]]
        while (before := chain[0].opened.follows) is not None:
            chain.insert(0, self.shelf.files[before])
        wanted_from = self.first_moving - self.pre_ns
        keys = [chunk.first_ns for chunk in held if chunk.key and chunk.first_ns <= wanted_from]
        start_ns = max(keys) if keys else held[0].first_ns
        assert [chunk for file in chain for chunk in file.chunks] == [
            chunk for chunk in held if chunk.first_ns >= start_ns
        ]

    @rule()
    @precondition(lambda self: self.event is not None)
    def motion_goes_on(self) -> None:
        self._tell()

    @rule()
    @precondition(lambda self: self.event is not None)
    def motion_ends(self) -> None:
        self._tell(active=False)
        self.event = None

    def _tell(self, *, active: bool = True, kind: MotionKind = MotionKind.MOTION) -> None:
        now = self.camera.now_ns
        assert self.event is not None
        state = MotionState("door", self.event, kind, active, self.first_moving, now, 0.5)
        self.do(self.recorder.motion(state, now))
        if self.mode is not RecordingMode.OFF:
            self.clip_until = max(self.clip_until, now + int(POST_S * SECOND))

    @rule(seconds=st.sampled_from([1.0, 4.0, 9.0]))
    def a_person_asks(self, seconds: float) -> None:
        try:
            clip_id, actions = self.recorder.record_now(seconds, self.camera.now_ns)
        except UnavailableError:
            assert not self.live or self.choked or self.failed_at[ClipKind.CLIP] >= 0
            return
        self.do(actions)
        assert clip_id in self.shelf.open_ids(ClipKind.CLIP)
        self.clip_until = max(self.clip_until, self.camera.now_ns + int(seconds * SECOND))

    @rule(mode=st.sampled_from(RecordingMode))
    def mode_changes(self, mode: RecordingMode) -> None:
        self.do(self.recorder.set_mode(mode, self.camera.now_ns))
        self.mode = mode
        if mode is RecordingMode.OFF:
            self.clip_until = 0
            self.event = None
        if mode is not RecordingMode.CONTINUOUS:
            assert not self.shelf.open_ids(ClipKind.SEGMENT)

    @rule(after_s=st.floats(0.5, 20))
    @precondition(lambda self: self.live)
    def stream_breaks(self, after_s: float) -> None:
        self.do(self.recorder.session_ended())
        assert not self.shelf.open_ids()
        self.live = False
        self.camera.reconnect(after_s)
        self.do(self.recorder.tick(self.camera.now_ns))

    @rule()
    def codec_changes(self) -> None:
        self.camera.change_codec()

    @rule(data=st.data())
    @precondition(lambda self: self.shelf.open_ids())
    def disk_refuses(self, data: st.DataObject) -> None:
        clip_id = data.draw(st.sampled_from(self.shelf.open_ids()))
        self.failed_at[self.shelf.files[clip_id].opened.kind] = self.camera.now_ns
        self.shelf.lose(clip_id)
        self.do(self.recorder.failed(clip_id, self.camera.now_ns, "no space left"))

    @invariant()
    def files_are_as_long_as_allowed(self) -> None:
        for file in self.shelf.files.values():
            keys = [chunk.first_ns for chunk in file.chunks if chunk.key]
            length_s = (file.chunks[-1].first_ns - file.opened.start_ns) / SECOND
            assert length_s <= self.max_s or (keys[-1] - keys[0]) / SECOND <= self.max_s

    @invariant()
    def the_recorder_knows_what_it_writes(self) -> None:
        assert set(self.recorder.recording) == set(self.shelf.open_ids())

    def teardown(self) -> None:
        if hasattr(self, "recorder"):
            self.do(self.recorder.shut(self.camera.now_ns))
            assert not self.shelf.open_ids()


RecorderMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestRecorder = RecorderMachine.TestCase
