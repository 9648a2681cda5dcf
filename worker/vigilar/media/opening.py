"""Opening an input: options that make it quick and safe, and errors told without the address's secrets."""

import errno
import stat
import time
from pathlib import Path
from typing import Final

import av
from av import error as averror
from av.container import InputContainer

from vigilar.domain.settings import StreamSettings, Transport
from vigilar.media.address import Address, SourceKind
from vigilar.media.errors import (
    MediaError,
    NotAVideoError,
    RefusedUrlError,
    StalledError,
    StreamNotFoundError,
    UnauthorizedError,
    UnreachableError,
)

_HTTP_FORMATS: Final = "mpjpeg,mjpeg,mpegts,h264,hevc"
_FILE_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,h264,hevc,mjpeg,mpjpeg,flv"
_AUDIO_DECODERS: Final = "aac,mp3,opus,flac"
"""Probing may decode sound, never pictures: parsers find out about those, so that no video decoder is opened
where streams are only recorded."""


def open_input(
    address: Address, settings: StreamSettings, *, audio: bool, watched: bool = False
) -> InputContainer:
    """Open the input and find its streams. Blocks at most `open_timeout_s` for each of the two steps.

    Reading is interrupted after `read_timeout_s` without a packet; for that libav asks PyAV several times for
    every piece of a packet, each time under Python's lock: an eighth of what recording costs. `watched`: the
    caller notices by itself when nothing comes. Plain RTSP is then left to its socket's time-out, which tells
    a dead connection, but not one on which only keep-alives come.

    Raises a MediaError of the fitting kind.
    """
    read_timeout_s: float | None = settings.read_timeout_s
    if watched and _is_plain_rtsp(address, settings):
        read_timeout_s = None
    if address.kind is SourceKind.FILE:
        _require_file(address)
    failure: MediaError
    began = time.monotonic()  # the clock PyAV's own time-outs go by
    try:
        return av.open(
            address.target,
            format="rtsp" if address.kind is SourceKind.RTSP else None,
            options=_options(address, settings, audio=audio),
            timeout=(settings.open_timeout_s, read_timeout_s),
        )
    except averror.FFmpegError as err:
        # RTSP says "invalid data" of an answer that did not come in time.
        late = isinstance(err, averror.TimeoutError) or time.monotonic() - began >= settings.open_timeout_s
        failure = _unanswered(address, time.monotonic() - began) if late else told(err, address)
    # Raised out here, so that the original, whose text has the address and password, is not even its context.
    raise failure


def _is_plain_rtsp(address: Address, settings: StreamSettings) -> bool:
    """Whether a socket's time-out is all there is between libav and the camera."""
    return address.scheme == "rtsp" and settings.transport is Transport.TCP


def _unanswered(address: Address, seconds: float) -> MediaError:
    return UnreachableError(f"{address} did not answer within {seconds:.0f} s")


def told(err: averror.FFmpegError, address: Address) -> MediaError:
    """Return what an error of libav means, naming the address as it may be shown."""
    match err:
        case averror.HTTPUnauthorizedError() | averror.HTTPForbiddenError():
            kind: type[MediaError] = UnauthorizedError
            text = "refused the user name or password"
        case averror.HTTPNotFoundError() | averror.FileNotFoundError():
            kind, text = StreamNotFoundError, "has no such stream; check the path"
        case averror.ExitError() | averror.TimeoutError():
            kind, text = StalledError, "keeps the connection open but sends nothing"
        case averror.ProtocolNotFoundError():
            kind, text = RefusedUrlError, "leads to a protocol that is not allowed"
        case averror.InvalidDataError() | averror.DemuxerNotFoundError() | averror.ArgumentError():
            # The last is how a format that is not on the allow-list (a playlist, a script) is refused.
            kind, text = NotAVideoError, "answered with something that is not a video stream"
        case averror.EOFError():
            kind, text = UnreachableError, "closed the connection"
        case _ if err.errno == errno.EIO:
            # All that libav says of a name it cannot resolve and of a certificate it does not trust.
            untrusted = ", or its certificate is not trusted" if address.scheme in {"rtsps", "https"} else ""
            kind, text = UnreachableError, f"cannot be reached: unknown name, broken connection{untrusted}"
        case _:
            kind, text = UnreachableError, f"cannot be reached ({err.strerror or 'the connection failed'})"
    return kind(f"{address} {text}")


def _options(address: Address, settings: StreamSettings, *, audio: bool) -> dict[str, str]:
    options = {"codec_whitelist": _AUDIO_DECODERS, "fpsprobesize": "0"}
    match address.kind:
        case SourceKind.RTSP:
            options |= _rtsp_options(settings, audio=audio) | _tls_options(settings)
        case SourceKind.HTTP:
            options |= {
                "protocol_whitelist": "http,https,tcp,tls",
                "format_whitelist": _HTTP_FORMATS,
                "seekable": "0",
                "analyzeduration": "1000000",
                "probesize": "150000",
                "timeout": _socket_timeout(settings),
            } | _tls_options(settings)
        case SourceKind.FILE:
            options |= {
                "protocol_whitelist": "file",
                "format_whitelist": _FILE_FORMATS,
            }
    return options


def _rtsp_options(settings: StreamSettings, *, audio: bool) -> dict[str, str]:
    udp = settings.transport is Transport.UDP
    return {
        "protocol_whitelist": "rtsp,rtsps,rtp,udp,tcp,tls" if udp else "rtsp,rtsps,tcp,tls",
        "format_whitelist": "rtsp",
        # The SDP says all that is to be known; looking at packets first would only hold them up.
        "probesize": "32",
        "analyzeduration": "1",
        "rtsp_transport": "udp" if udp else "tcp",
        "allowed_media_types": "video+audio" if audio else "video",
        # The demuxer waits this long for the next byte.
        "timeout": str(int(settings.read_timeout_s * 1_000_000)),
        "max_delay": "300000",
        "buffer_size": str(1 << 20),
    }


def _tls_options(settings: StreamSettings) -> dict[str, str]:
    if not settings.tls_verify:
        return {"tls_verify": "0"}
    # A second TLS library, which costs every process a megabyte or two: only for whom it concerns.
    import ssl  # noqa: PLC0415

    authorities = ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1"} | ({"ca_file": authorities} if authorities else {})


def _socket_timeout(settings: StreamSettings) -> str:
    """Microseconds; a second line behind our own time-outs, which tell more when they strike first."""
    return str(int((max(settings.open_timeout_s, settings.read_timeout_s) + 2) * 1_000_000))


def _require_file(address: Address) -> None:
    """Only regular files: a FIFO would block for ever, a device is not a recording."""
    try:
        mode = Path(address.shown).stat().st_mode
    except OSError as err:
        raise StreamNotFoundError(f"{address}: {err.strerror}") from None
    if not stat.S_ISREG(mode):
        raise RefusedUrlError(f"{address} is not a regular file")
