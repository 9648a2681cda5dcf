"""Addresses of streams: which are opened at all, and how they are told to people.

libavformat opens far more than cameras (`concat:`, `subfile:`, `data:`, devices, playlists that name local
files), so only what a camera speaks is let through, and every open is given an allow-list of protocols and
formats besides, which also holds for what a server redirects to.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from vigilar.media.errors import RefusedUrlError

_MAX_LENGTH: Final = 4096
_SCHEMES: Final = frozenset({"rtsp", "rtsps", "http", "https", "file"})
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_HOST: Final = re.compile(r"[A-Za-z0-9._~:%\-]{1,253}")
_TELLTALE: Final = re.compile(r"pass|pwd|psw|token|secret|auth|user|login|key|[=@&;]", re.IGNORECASE)
"""Some cameras take the password in the path (`/user=admin_password=…`): such a path is not shown."""


class SourceKind(StrEnum):
    """How a source is read."""

    RTSP = "rtsp"
    HTTP = "http"
    FILE = "file"


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """A checked address. `str()` and `repr()` are fit for logs; `target` is for libavformat alone."""

    kind: SourceKind
    scheme: str
    target: str
    shown: str

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Address({self.shown})"


def check_url(url: str, *, allow_files: bool = True) -> Address:
    """Return the address to open.

    Raises RefusedUrlError for anything but rtsp, rtsps, http, https and (with `allow_files`) a local file
    given as an absolute path or a file: URL. Nothing is looked up or opened.
    """
    if len(url) > _MAX_LENGTH:
        raise RefusedUrlError("the address is too long")
    if url.startswith("/"):
        return _file(url, allow_files=allow_files)
    parts = _split(url)
    scheme = parts.scheme.lower() if parts is not None else ""
    if parts is None or scheme not in _SCHEMES or not url[len(scheme) :].startswith("://"):
        raise RefusedUrlError(
            "not an address Vigilar opens: use rtsp://, rtsps://, http://, https:// or a file's absolute path"
        )
    if scheme == "file":
        if parts.netloc not in {"", "localhost"} or parts.query:
            raise RefusedUrlError("a file address names a file of this machine: file:///path/to/it")
        return _file(unquote(parts.path), allow_files=allow_files)
    if _UNPRINTABLE.search(url):
        raise RefusedUrlError("the address holds blanks or other characters that must be percent-encoded")
    if not _HOST.fullmatch(_host(parts)):
        raise RefusedUrlError(f"the {scheme} address names no usable host")
    kind = SourceKind.RTSP if scheme in {"rtsp", "rtsps"} else SourceKind.HTTP
    return Address(kind, scheme, url, _shown(parts))


def redact(url: str) -> str:
    """Return what may be shown of an address: `rtsp://host:port/path`, no user, password or query."""
    if url.startswith("/"):
        return url
    parts = _split(url)
    if parts is None or not parts.scheme or not url[len(parts.scheme) :].startswith("://"):
        return "(unreadable address)"
    return unquote(parts.path) if parts.scheme.lower() == "file" else _shown(parts)


def _file(path: str, *, allow_files: bool) -> Address:
    if not allow_files:
        raise RefusedUrlError("files cannot be used as a camera here")
    if not Path(path).is_absolute() or "\0" in path:
        raise RefusedUrlError("a file must be given by its absolute path")
    # The explicit protocol keeps a name with a colon in it from being read as another protocol.
    return Address(SourceKind.FILE, "file", f"file:{path}", path)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:  # its text quotes the address: not passed on
        return None
    return parts


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""


def _shown(parts: SplitResult) -> str:
    if "@" in parts.path + parts.query + parts.fragment:
        # A password with an unencoded / ? or # in it: what looks like the host may be part of it.
        return f"{parts.scheme.lower()}://…"
    host = _host(parts)
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port is not None else ""
    path = "/…" if _TELLTALE.search(parts.path) else parts.path
    return f"{parts.scheme.lower()}://{host}{port}{path}"
