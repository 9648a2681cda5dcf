from pathlib import Path

import pytest

from vigilar.domain.errors import InvalidRequestError
from vigilar.recordings.places import Places
from worker.store.fakes import a_clip


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "clips/door/x.vge", "clips/../../etc/x.vge", "clips/door/../x.vge",
        "journal/door/2026-03-01/x.vge", "/clips/door/2026-03-01/x.vge", "clips/door/2026-03-01/x.vge.part",
        "clips/door/2026-03-01/x.star", "clips/door/2026-03-01/y/x.vge",
    ],
)  # fmt: skip
def test_a_path_outside_the_folders_of_recordings_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidRequestError):
        Places(tmp_path).file_of(path)


def test_only_sealed_recordings_in_their_places_are_found(tmp_path: Path) -> None:
    # given recordings, and much else
    clip = a_clip()
    sealed = tmp_path / clip.path
    day = sealed.parent
    day.mkdir(parents=True)
    stray = (
        day / f"{clip.id}_2.vge.part", day / "notes.txt", day / "bad name.vge", day.parent / f"{clip.id}.vge",
        tmp_path / "clips" / "stray.vge", day / f".{clip.id}.vge.abc.tmp",
    )  # fmt: skip
    for path in (sealed, sealed.with_suffix(".star"), *stray):
        path.touch()
    (day.parent / "not-a-day").mkdir()
    (day.parent / "not-a-day" / f"{clip.id}.vge").touch()

    # when it is looked for
    found = Places(tmp_path).found("door")

    # then the one sealed recording and its star are all there is
    stem = clip.path.removesuffix(".vge")
    assert found.recordings == {stem}
    assert found.stars == {stem}
    assert Places(tmp_path).cameras() == {"door"}
    assert Places(tmp_path).found("yard").recordings == frozenset()


def test_a_root_without_folders_is_told_from_an_empty_one(tmp_path: Path) -> None:
    assert not Places(tmp_path).present()
    (tmp_path / "segments").mkdir()
    assert Places(tmp_path).present()
