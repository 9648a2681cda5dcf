"""One capture process put together: from settings to running threads, and down again."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import zmq

from vigilar.bus.endpoints import core_endpoint, live_endpoint, look_endpoint, packets_endpoint
from vigilar.bus.link import Link
from vigilar.bus.livecast import LivePublisher
from vigilar.bus.messages import AnyMessage, CaptureStarted, FootageGap
from vigilar.bus.packets import PacketPublisher
from vigilar.capture.backlog import Backlog
from vigilar.capture.camera import MainStream, SubStream
from vigilar.capture.control import Control
from vigilar.capture.coverage import Coverage
from vigilar.capture.desk import Desk
from vigilar.capture.files import Names, taken_names
from vigilar.capture.live import LiveDesk
from vigilar.capture.mailbox import Mailbox
from vigilar.capture.mark import MarkFile
from vigilar.capture.publisher import StreamPublisher
from vigilar.capture.recorder import Recorder
from vigilar.capture.recording_file import RecordingFile, Shelf
from vigilar.capture.recovery import Recoverer
from vigilar.capture.ring import Ring
from vigilar.capture.status import StatusReporter
from vigilar.capture.stream import StreamReader
from vigilar.capture.writer import Writer
from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipId
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.coverage import GapReason
from vigilar.domain.settings import CaptureSettings
from vigilar.files.durable import DurableFiles
from vigilar.media.mpegts import TsWriter
from vigilar.media.source import open_source
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing

_LOG = logging.getLogger(__name__)
_TWO_STREAMS_MARGIN_S: Final = 0.5
_ONE_STREAM_MARGIN_S: Final = 0.2
_TOLD_LATE_S: Final = 3.0
"""Movement that begins slowly is told late, and its pictures wait for their reader: by that much at most."""
_SEAL_WITHIN_S: Final = 2.3
_HEAR_WITHIN_S: Final = 0.4


@dataclass(slots=True)
class Account:
    """What is told, at the disk's pace and at the end, of what is missing."""

    coverage: Coverage
    mark: MarkFile
    backlog: Backlog
    clock: Clock
    tell: Callable[[FootageGap], None]
    camera: CameraId

    def note(self, written_ns: int | None) -> None:
        """Leave a mark for the next process; `written_ns` as `Writer.written_ns`."""
        coverage = self.coverage
        upto = coverage.covered_ns if written_ns is None else min(coverage.covered_ns, written_ns)
        since = min(coverage.accounts_from_ns, upto)
        self.mark.write(upto, since, coverage.gap, off=coverage.off)

    def unwritten(self, written_ns: int | None) -> None:
        """Tell of what still waited for the disk when it had to be given up."""
        now = self.clock.monotonic_ns()
        since = now - int(self.backlog.waiting_s * NANOSECONDS)
        start = since if written_ns is None else min(since, written_ns)
        self.tell(FootageGap(self.camera, start, now, "the disk does not answer", GapReason.DISK_LATE))


@dataclass(slots=True)
class CaptureProcess:
    """All parts of a running capture process."""

    control: Control
    desk: Desk
    writer: Writer
    readers: tuple[StreamReader, ...]
    core: Link
    recoverer: Recoverer
    account: Account

    def start(self) -> None:
        """Start recording, then recovery of what an earlier run left torn."""
        self.writer.thread.start()
        for reader in self.readers:
            reader.thread.start()
        self.recoverer.start()

    def stop(self) -> bool:
        """Seal what is open, tell the core, within 3 s; return whether all of it was sealed."""
        for reader in self.readers:
            reader.stop()
        self.account.coverage.close()
        self.desk.shut()
        self.writer.thread.join(_SEAL_WITHIN_S)
        sealed = not self.writer.thread.is_alive()
        if sealed:
            self.account.note(None)
        else:
            _LOG.error("the disk does not answer: what is open is left for recovery")
            self.account.unwritten(self.writer.written_ns)
        self.control.say_goodbye()
        deadline = time.monotonic() + _HEAR_WITHIN_S
        while self.core.unacknowledged and time.monotonic() < deadline:
            self.core.socket.poll(50, zmq.POLLIN)
            self.core.receive()
        return sealed


def build(
    settings: CaptureSettings,
    *,
    context: zmq.Context[zmq.Socket[bytes]],
    clock: Clock,
    lifeline_fd: int | None,
    files: DurableFiles | None = None,
) -> CaptureProcess:
    """Wire everything. Raises VaultError where the keys or the storage folder cannot be had."""
    camera, run_dir, root = settings.camera, settings.run_dir, Path(settings.storage_root)
    mailbox: Mailbox[AnyMessage] = Mailbox()
    shelf = open_shelf(settings, files or DurableFiles())
    backlog = Backlog(clock)
    margin_s = _ONE_STREAM_MARGIN_S if settings.sub is None else _TWO_STREAMS_MARGIN_S
    recorder = Recorder(
        settings.recording,
        Ring(settings.recording.pre_roll_s + margin_s, late_s=_TOLD_LATE_S),
        Names(camera, clock, taken_names(root, camera, clock.now())),
        margin_s=margin_s,
    )
    desk = Desk(camera, recorder, backlog, clock=clock, tell=mailbox.post)
    publisher = StreamPublisher(PacketPublisher(context, packets_endpoint(run_dir, camera), camera))
    mark = MarkFile(Path(run_dir) / f"mark-{camera}")
    main = MainStream(
        camera,
        desk,
        publisher if settings.sub is None else None,
        clock=clock,
        tell=mailbox.post,
        before=mark.read(clock.monotonic_ns()),
    )
    account = Account(main.coverage, mark, backlog, clock, mailbox.post, camera)
    recoverer = Recoverer(shelf, mailbox.post)
    writer = Writer(
        camera,
        backlog,
        partial(RecordingFile, shelf),
        clock=clock,
        tell=mailbox.post,
        failed=partial(_on_failure, desk, recoverer),
        pulse=account.note,
    )
    # Without the main stream there is nothing to record: `Control` watches over it and starts anew.
    opener = partial(open_source, clock=clock, audio=settings.recording.audio, watched=True)
    readers = [StreamReader("main", opener, settings.main, main, clock=clock)]
    sub = None
    if settings.sub is not None:
        sub = SubStream(desk, publisher)
        silent = partial(open_source, clock=clock, audio=False)
        readers.append(StreamReader("sub", silent, settings.sub, sub, clock=clock))
    core = Link(context, core_endpoint(run_dir), f"capture:{camera}", clock=clock)
    live_publisher = LivePublisher(context, live_endpoint(run_dir, camera))
    control = Control(
        core,
        Link(context, look_endpoint(run_dir), camera, clock=clock),
        desk=desk,
        coverage=main.coverage,
        live=LiveDesk(desk, live_publisher, TsWriter, clock=clock, wake=mailbox.wake),
        live_socket=live_publisher.socket,
        mailbox=mailbox,
        status=StatusReporter(
            camera, desk=desk, backlog=backlog, main=main, sub=sub, reader=readers[0], clock=clock
        ),
        readers=tuple(readers),
        lifeline_fd=lifeline_fd,
        clock=clock,
    )
    mailbox.post(CaptureStarted(camera, os.getpid()))
    return CaptureProcess(control, desk, writer, tuple(readers), core, recoverer, account)


def open_shelf(settings: CaptureSettings, files: DurableFiles) -> Shelf:
    """Return where this camera's recordings go; makes keys at the very first start. Raises VaultError."""
    keys = KeyRing.load_or_create(Path(settings.key_dir), files)
    root = Path(settings.storage_root)
    journal = CameraJournal.open(root, settings.camera, keys=keys, files=files)
    return Shelf(root, settings.camera, keys=keys, files=files, journal=journal)


def _on_failure(desk: Desk, recoverer: Recoverer, clip_id: ClipId, reason: str) -> None:
    desk.failed(clip_id, reason)
    recoverer.start()
