"""Pictures for people."""

import io

import av
import msgspec
import pytest

from vigilar.bus.messages import StillRequest
from vigilar.bus.packets import StillSource
from vigilar.domain.errors import InvalidRequestError, UnavailableError
from vigilar.domain.settings import LookCamera, MotionSettings
from vigilar.look.camera import CameraLook
from vigilar.look.stills import compare, still
from vigilar.look.views import SAME_VIEW
from worker.bus.fakes import HandClock
from worker.look.pictures import Yard
from worker.look.streams import encoded


def camera() -> CameraLook:
    return CameraLook(LookCamera("door", MotionSettings(), True), clock=HandClock(), say=lambda _: None)


def size(jpeg: bytes) -> tuple[int, int]:
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        frame = next(container.decode(video=0))
    return frame.width, frame.height


def source() -> bytes:
    info, [packet] = encoded([Yard().picture(0)], fps=10, key_every=10)
    return StillSource(msgspec.msgpack.encode(info), packet.data, 0).encode()


def test_a_key_frame_becomes_a_jpeg_of_the_asked_width() -> None:
    assert size(still(StillRequest("door", 160), source(), camera())) == (160, 90)


def test_no_picture_is_made_larger_than_it_is() -> None:
    assert size(still(StillRequest("door", 4000), source(), camera())) == (320, 180)


def test_without_a_source_the_last_picture_is_shown() -> None:
    watched = camera()
    info, packets = encoded([Yard().picture(n) for n in range(3)], fps=10, key_every=10)
    watched.take(info, packets, lost=False)
    assert size(still(StillRequest("door", 320), b"", watched)) == (320, 180)


def test_without_any_picture_it_is_unavailable_for_now() -> None:
    with pytest.raises(UnavailableError, match="door"):
        still(StillRequest("door", 320), b"", camera())


@pytest.mark.parametrize("blob", [b"rubbish", StillSource(b"rubbish", b"", 0).encode()])
def test_a_source_that_cannot_be_read_is_refused(blob: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        still(StillRequest("door", 320), blob, camera())


@pytest.mark.parametrize(("width", "quality"), [(0, 85), (-5, 85), (10**9, 85), (320, 0), (320, 101)])
def test_absurd_sizes_are_refused(width: int, quality: int) -> None:
    with pytest.raises(InvalidRequestError):
        still(StillRequest("door", width, quality), source(), camera())


def test_a_damaged_key_frame_is_unavailable() -> None:
    info, _ = encoded([Yard().picture(0)], fps=10, key_every=10)
    bad = StillSource(msgspec.msgpack.encode(info), b"\x00\x00\x00\x01\x65" + b"\xff" * 40, 0).encode()
    with pytest.raises(UnavailableError):
        still(StillRequest("door", 320), bad, camera())


def test_the_last_picture_is_compared_with_mains_key_frame() -> None:
    watched = camera()
    info, packets = encoded([Yard().picture(n) for n in range(3)], fps=10, key_every=10)
    watched.take(info, packets, lost=False)
    assert compare(source(), watched) == SAME_VIEW


def test_views_cannot_be_compared_without_pictures_of_both() -> None:
    with pytest.raises(UnavailableError, match="door"):
        compare(source(), camera())
    watched = camera()
    watched.take(*encoded([Yard().picture(n) for n in range(3)], fps=10, key_every=10), lost=False)
    with pytest.raises(InvalidRequestError, match="door"):
        compare(b"rubbish", watched)
