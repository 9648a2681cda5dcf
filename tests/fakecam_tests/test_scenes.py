"""What the scenes show, and how they are kept."""

import itertools
import threading
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from fakecam import studio
from fakecam.light_set import light_set
from fakecam.render import Renderer
from fakecam.scene import AudioCodec, Ink, Scene, Switch, VideoCodec, Walk
from fakecam.sightings import sightings

STILL = Scene(320, 180, 10, 3.0, noise=0.0, ink=Ink.NONE)


def brightness(scene: Scene, at_s: float) -> float:
    return float(Renderer(scene).picture(round(at_s * scene.fps))[: scene.height].mean())


def test_the_same_scene_gives_the_same_pictures() -> None:
    scene = replace(STILL, noise=2.0, rain=0.3, walks=(Walk(0.5, 2.0),))

    once, again = list(Renderer(scene).pictures()), list(Renderer(scene).pictures())

    assert len(once) == 30
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


def test_a_sighting_begins_and_ends_with_the_very_picture_that_shows_somebody() -> None:
    scene = replace(STILL, walks=(Walk(0.5, 2.0),))
    empty, pictures = Renderer(STILL).picture(0), list(Renderer(scene).pictures())

    (seen,) = sightings(scene)

    showing = [scene.timecode(n) for n, each in enumerate(pictures) if np.ptp(each.astype(int) - empty) > 2]
    assert (seen.first_ms, seen.last_ms) == (showing[0], showing[-1])
    assert len(showing) > 12


def test_main_and_sub_stream_show_the_walker_at_the_same_place_and_time() -> None:
    main = Scene(960, 540, 10, 3.0, noise=0.0, ink=Ink.NONE, walks=(Walk(0.5, 2.0),))
    sub = main.scaled(320, 180, 100_000)

    def centre(scene: Scene) -> float:
        empty = Renderer(replace(scene, walks=())).picture(0)[: scene.height].astype(int)
        drawn = Renderer(scene).picture(15)[: scene.height].astype(int)
        columns = np.nonzero((np.abs(drawn - empty) > 12).any(axis=0))[0]
        return float(columns.mean()) / scene.width

    assert centre(main) == pytest.approx(centre(sub), abs=0.01)
    assert sightings(main)[0].first_ms == pytest.approx(sightings(sub)[0].first_ms, abs=100)


def test_a_lamp_that_is_switched_on_makes_the_night_brighter() -> None:
    scene = replace(STILL, night=True, lamp=(Switch(1.0, True), Switch(2.0, False)))

    assert brightness(scene, 1.5) > brightness(scene, 0.5) + 10
    assert brightness(scene, 2.5) == brightness(scene, 0.5)


def test_infrared_takes_the_colour_away() -> None:
    scene = replace(STILL, night=True, infrared=(Switch(1.0, True),), walks=(Walk(0.5, 2.0),))

    colours = Renderer(scene).picture(18)[scene.height :]

    assert np.ptp(colours) <= 2


def test_exposure_and_clouds_change_the_brightness_slowly() -> None:
    scene = replace(STILL, seconds=20.0, exposure=0.15, clouds=0.2)

    levels = [brightness(scene, at_s / 3) for at_s in range(60)]

    assert max(levels) - min(levels) > 10
    assert max(abs(a - b) for a, b in itertools.pairwise(levels)) < 12


def test_a_film_is_made_once_even_when_several_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGILAR_TEST_CACHE", str(tmp_path))
    found: list[tuple[Path, int]] = []

    def ask() -> None:
        path = studio.film(Scene.small(seconds=1.0))
        found.append((path, path.stat().st_mtime_ns))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 3
    assert len(set(found)) == 1
    assert [path.suffix for path in tmp_path.iterdir() if path.suffix != ".lock"] == [".mov"]


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.HEVC])
def test_key_frames_come_as_often_as_asked(codec: VideoCodec) -> None:
    scene = replace(Scene.small(seconds=3.0, codec=codec), gop_s=1.0)

    with av.open(str(studio.film(scene))) as film:
        packets = [packet for packet in film.demux(video=0) if packet.size]

    assert [index for index, packet in enumerate(packets) if packet.is_keyframe] == [0, 10, 20]


def test_the_bit_rate_is_near_what_was_asked() -> None:
    scene = Scene(seconds=10.0, bit_rate=512_000, ink=Ink.NONE)

    rate = studio.film(scene).stat().st_size * 8 / scene.seconds

    assert rate == pytest.approx(512_000, rel=0.15)


def test_sound_is_as_long_as_the_pictures() -> None:
    scene = Scene.small(seconds=2.0, audio=AudioCodec.PCMA)

    with av.open(str(studio.film(scene))) as film:
        samples = sum(packet.size for packet in film.demux(audio=0))

    assert samples == 2 * 8000


def test_a_film_in_another_codec_is_copied_into_one_that_can_be_served(tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with av.open(path, "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for sheet in Renderer(replace(STILL, seconds=1.0)).pictures():
            out.mux(stream.encode(av.VideoFrame.from_ndarray(sheet, format="yuv420p")))
        out.mux(stream.encode(None))

    copy = studio.servable(path)

    with av.open(str(copy)) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in film.decode(video=0)) == 10
    assert studio.servable(copy) == copy


def test_the_light_set_has_people_where_it_says_so() -> None:
    for case in light_set():
        assert bool(sightings(case.scene)) is case.name.endswith("a person")
        assert len(sightings(case.scene)) <= 1
