"""The time code in the picture."""

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakecam import studio
from fakecam.scene import Ink, Scene
from fakecam.timecode import Plane, UnreadableTimeCodeError, bits, read_timecode, write_timecode


def picture(width: int, height: int, timecode: int, ink: Ink, level: int = 90) -> tuple[av.VideoFrame, Plane]:
    """Return a picture with a time code in it, as a frame and as its sheet of planes."""
    sheet = np.full((height * 3 // 2, width), 128, np.uint8)
    sheet[:height] = level
    flat, pixels = sheet.reshape(-1), width * height
    u = flat[pixels : pixels * 5 // 4].reshape(height // 2, width // 2)
    v = flat[pixels * 5 // 4 :].reshape(height // 2, width // 2)
    write_timecode(sheet[:height], u, v, timecode, ink)
    return av.VideoFrame.from_ndarray(sheet, format="yuv420p"), sheet


@settings(max_examples=60, deadline=None)
@given(
    timecode=st.integers(0, 2**24 - 1),
    size=st.sampled_from([(320, 180), (640, 360), (352, 288), (1280, 720), (1920, 1080)]),
    ink=st.sampled_from([Ink.LUMA, Ink.CHROMA]),
    level=st.integers(0, 255),
)
def test_any_time_code_is_read_back(timecode: int, size: tuple[int, int], ink: Ink, level: int) -> None:
    frame, _ = picture(*size, timecode, ink, level)

    assert read_timecode(frame) == timecode


def test_one_in_the_brightness_is_read_from_the_brightness_alone() -> None:
    _, sheet = picture(640, 360, 123_456, Ink.LUMA)

    assert read_timecode(sheet[:360]) == 123_456


def test_one_in_colour_leaves_the_brightness_as_it_is() -> None:
    _, early = picture(640, 360, 1, Ink.CHROMA)
    _, late = picture(640, 360, 987_654, Ink.CHROMA)

    assert np.array_equal(early[:360], late[:360])
    assert not np.array_equal(early, late)


@pytest.mark.parametrize("ink", [Ink.LUMA, Ink.CHROMA])
def test_it_survives_compression_and_scaling(ink: Ink) -> None:
    scene = Scene(seconds=1.0, gop_s=1.0, bit_rate=300_000, ink=ink)

    with av.open(str(studio.film(scene))) as film:
        read = [read_timecode(frame.reformat(320, 180)) for frame in film.decode(video=0)]

    assert read == [scene.timecode(index) for index in range(scene.frames)]


def test_a_picture_without_one_is_refused() -> None:
    frame, sheet = picture(640, 360, 5, Ink.NONE)

    with pytest.raises(UnreadableTimeCodeError, match="no time code"):
        read_timecode(frame)
    with pytest.raises(UnreadableTimeCodeError, match="no time code"):
        read_timecode(sheet[:360])


@pytest.mark.parametrize("cell", range(4, 36))
def test_any_damaged_cell_is_noticed(cell: int) -> None:
    _, sheet = picture(640, 360, 77_777, Ink.LUMA)
    step = 320 / 36
    left = 640 / 48 + cell * step

    sheet[8:20, round(left) : round(left + step)] = 24 if bits(77_777)[cell] else 220

    with pytest.raises(UnreadableTimeCodeError, match="check sum"):
        read_timecode(sheet[:360])
