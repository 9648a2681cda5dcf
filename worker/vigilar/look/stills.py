"""Pictures for people: a JPEG of a camera's newest key frame, or of what was last looked at."""

from typing import Final

import msgspec

from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.messages import StillRequest
from vigilar.bus.packets import StillSource
from vigilar.domain.errors import InvalidRequestError, UnavailableError
from vigilar.look.camera import CameraLook
from vigilar.look.views import compare_views
from vigilar.media.decode import jpeg, key_frame_jpeg, key_frame_luma, luma_of
from vigilar.media.errors import MediaError
from vigilar.media.stream_info import StreamInfo

SMALLEST_WIDTH: Final = 16
LARGEST_WIDTH: Final = 7680
_INFO: Final = msgspec.msgpack.Decoder(StreamInfo)


def read_info(data: bytes) -> StreamInfo:
    """Return a stream description that came as msgpack. Raises ValueError (msgspec's are)."""
    return _INFO.decode(data)


def still(request: StillRequest, blob: bytes, camera: CameraLook) -> bytes:
    """Return the JPEG a request asks for, at most its width wide.

    It shows the StillSource in `blob` or, where that is empty, the last picture looked at.

    Raises InvalidRequestError for an absurd size or a source that cannot be read, UnavailableError where
    there is no picture.
    """
    if not SMALLEST_WIDTH <= request.width <= LARGEST_WIDTH or not 1 <= request.quality <= 100:
        raise InvalidRequestError(
            f"camera {request.camera}: a still is {SMALLEST_WIDTH} to {LARGEST_WIDTH} pixels wide, "
            "of quality 1 to 100"
        )
    try:
        if blob:
            source = StillSource.decode(blob)
            info = read_info(source.info)
            return key_frame_jpeg(info, source.data, width=request.width, quality=request.quality)
        if camera.last_picture is None:
            raise UnavailableError(
                f"camera {request.camera}: no picture has been seen yet; try again shortly"
            )
        return jpeg(camera.last_picture, width=request.width, quality=request.quality)
    except (MalformedMessageError, ValueError) as err:
        raise InvalidRequestError(f"camera {request.camera}: the still's source cannot be read") from err
    except MediaError as err:
        raise UnavailableError(f"camera {request.camera}: {err}") from err


def compare(blob: bytes, camera: CameraLook) -> str:
    """Return how the main stream's key frame, a StillSource in `blob`, compares with what is looked at.

    Raises InvalidRequestError for a source that cannot be read, UnavailableError where there is no picture.
    """
    if camera.last_picture is None:
        raise UnavailableError(f"camera {camera.camera}: no picture has been seen yet; try again shortly")
    try:
        source = StillSource.decode(blob)
        main = key_frame_luma(read_info(source.info), source.data)
        return compare_views(main, luma_of(camera.last_picture))
    except (MalformedMessageError, ValueError) as err:
        raise InvalidRequestError(f"camera {camera.camera}: main's picture cannot be read") from err
    except MediaError as err:
        raise UnavailableError(f"camera {camera.camera}: {err}") from err
