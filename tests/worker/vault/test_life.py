"""A box's life in any order: recordings, crashes, recoveries, deletions, rotations. Nothing is lost."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from vigilar.files.durable import DurableFiles
from vigilar.vault.audit import verify_camera
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader
from vigilar.vault.recovery import Outcome
from vigilar.vault.rotation import rotate
from vigilar.vault.verify import FileStatus
from vigilar.vault.writer import VaultWriter
from worker.vault.material import CAMERA, Storage, content_of


class Life(RuleBasedStateMachine):
    """Model: what each recording must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.storage = Storage(Path(mkdtemp(prefix="vault-life-")))
        self.writers: dict[str, tuple[VaultWriter, bytes]] = {}
        self.torn: dict[str, bytes] = {}
        self.sealed: dict[str, bytes] = {}
        self.made = 0

    def teardown(self) -> None:
        for writer, _ in self.writers.values():
            writer.abandon()
        shutil.rmtree(self.storage.root)

    @precondition(lambda self: len(self.writers) < 3)
    @rule()
    def open(self) -> None:
        name = f"r{self.made:04}"
        self.made += 1
        self.writers[name] = (self.storage.begin(name), b"")

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), fragment=st.binary(min_size=1, max_size=60), sync=st.booleans())
    def record(self, data: st.DataObject, fragment: bytes, sync: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.writers)))
        writer, content = self.writers[name]
        writer.write(fragment)
        writer.flush_record()
        if sync:
            writer.sync()
        self.writers[name] = (writer, content + fragment)

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def seal(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.writers)))
        writer, content = self.writers.pop(name)
        writer.seal(b"")
        self.sealed[name] = content

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.writers)))
        writer, content = self.writers.pop(name)
        writer.abandon()
        self.torn[name] = content

    @rule()
    def recover(self) -> None:
        fates = self.storage.recover()
        expected = {
            name: Outcome.RECOVERED if content else Outcome.DISCARDED for name, content in self.torn.items()
        }
        assert {fate.part.name.partition(".")[0]: fate.outcome for fate in fates} == expected
        self.sealed |= {name: content for name, content in self.torn.items() if content}
        self.torn.clear()

    @precondition(lambda self: self.sealed)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.sealed)))
        path = self.storage.path(name)
        with VaultReader.open(path, self.storage.keys) as reader:
            file_id = reader.file_id
        self.storage.journal.deleted(file_id)
        self.storage.files.unlink(path)
        del self.sealed[name]

    @rule(new_key=st.booleans())
    def rotate(self, new_key: bool) -> None:
        report = rotate(self.storage.root, self.storage.key_dir, DurableFiles(), new_key=new_key)
        assert (report.failed, report.retired) == ({}, 0)

    @rule()
    def restart(self) -> None:
        self.storage.keys = KeyRing.load_or_create(self.storage.key_dir, DurableFiles())

    @invariant()
    def everything_is_there_and_proves_it(self) -> None:
        report = verify_camera(self.storage.root, CAMERA, self.storage.keys, self.storage.journal)
        assert report.is_fine, report
        status = {file.path.name.partition(".")[0]: file.status for file in report.files}
        unfinished = [*self.writers, *self.torn]
        assert status == dict.fromkeys(self.sealed, FileStatus.SEALED) | dict.fromkeys(
            unfinished, FileStatus.UNFINISHED
        )

    @invariant()
    def every_recording_holds_what_was_put_in(self) -> None:
        keys = self.storage.keys
        for name, content in self.sealed.items():
            assert content_of(self.storage.path(name), keys) == content
        parts = {name: content for name, (_, content) in self.writers.items()} | self.torn
        for name, content in parts.items():
            path = self.storage.path(name)
            assert content_of(path.with_name(path.name + ".part"), keys) == content


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
pytestmark = pytest.mark.timeout(180)
