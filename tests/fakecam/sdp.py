"""The session description: what a client is told before it sets a stream up."""

import base64
import random
from collections.abc import Iterable

import av

from fakecam.samples import nal_type, nal_units


def session_description(name: str, media: Iterable[tuple[str, ...]]) -> str:
    """Return the whole description; `media` holds each track's lines."""
    lines = [
        "v=0",
        f"o=- {random.getrandbits(31)} 1 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=range:npt=now-",
        "a=control:*",
    ]
    for index, own in enumerate(media):
        lines += [own[0], f"a=control:trackID={index}", *own[1:]]
    return "\r\n".join(lines) + "\r\n"


def media_lines(stream: av.stream.Stream, payload_type: int, sets: bytes) -> tuple[str, ...]:
    """Return a track's lines. Empty `sets` leaves the parameter sets out (not for AAC, which needs them)."""
    codec = stream.codec_context.name
    head = f"m={stream.type} 0 RTP/AVP {payload_type}"
    match codec:
        case "h264" | "hevc":
            name = "H264" if codec == "h264" else "H265"
            format_line = _h264(sets) if codec == "h264" else _h265(sets)
            return head, f"a=rtpmap:{payload_type} {name}/90000", *_fmtp(payload_type, format_line)
        case "mjpeg":
            return head, f"a=rtpmap:{payload_type} JPEG/90000"
        case _:
            assert isinstance(stream, av.AudioStream)
            return head, *_sound(stream, payload_type)


def _sound(stream: av.AudioStream, payload_type: int) -> tuple[str, ...]:
    codec, clock = stream.codec_context.name, f"{stream.sample_rate}/{stream.channels}"
    if codec == "aac":
        config = bytes(stream.codec_context.extradata or b"").hex()
        mode = "profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
        return f"a=rtpmap:{payload_type} MPEG4-GENERIC/{clock}", *_fmtp(
            payload_type, f"{mode};config={config}"
        )
    name = {"pcm_alaw": "PCMA", "pcm_mulaw": "PCMU"}[codec]
    return (f"a=rtpmap:{payload_type} {name}/{clock}",)


def _h264(sets: bytes) -> str:
    units = nal_units(sets)
    if not units:
        return "packetization-mode=1"
    profile = next(unit[1:4].hex() for unit in units if nal_type(unit, "h264") == 7)
    texts = ",".join(base64.b64encode(unit).decode() for unit in units)
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={texts}"


def _h265(sets: bytes) -> str:
    names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
    return ";".join(
        f"{names[nal_type(unit, 'hevc')]}={base64.b64encode(unit).decode()}" for unit in nal_units(sets)
    )


def _fmtp(payload_type: int, parameters: str) -> tuple[str, ...]:
    return (f"a=fmtp:{payload_type} {parameters}",) if parameters else ()
