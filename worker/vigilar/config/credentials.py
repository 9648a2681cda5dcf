"""Streams with their credentials: fetched from where the file points, percent-encoded into the address."""

import os
import stat
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr

from vigilar.config.document import Document, KeyPath
from vigilar.config.problems import Problem, problem_at
from vigilar.config.streams import StreamConfig
from vigilar.domain.settings import StreamSettings
from vigilar.media.address import check_url
from vigilar.media.errors import RefusedUrlError

_RIGHT: Final = "rtsp://192.0.2.10:554/stream1, a password with special characters in its own key"
_SECRET_BYTES: Final = 64 * 1024


class StreamResolver:
    """Makes stream settings; what is wrong is added to `problems`, doubts to `warnings`."""

    def __init__(self, document: Document, problems: list[Problem], warnings: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._warnings = warnings

    def settings(self, stream: StreamConfig, path: KeyPath) -> StreamSettings | None:
        """Return the settings of the stream at `path`, or None after adding a problem."""
        before = len(self._problems)
        address = self._secret(stream.url, stream.url_file, stream.url_env, path, "url")
        password = self._secret(stream.password, stream.password_file, stream.password_env, path, "password")
        if password is not None and stream.username is None:
            self._problem(path, "has a password but no username", "username: and the name beside it")
        if address is None and len(self._problems) == before:
            self._problem((*path, "url"), "is missing", _RIGHT)
        if address is None or len(self._problems) > before:
            return None
        url = self._local(address) or self._remote(address, stream.username, password, path)
        if url is None:
            return None
        self._doubts(url, stream, path)
        return StreamSettings(
            url=url,
            transport=stream.transport,
            open_timeout_s=stream.open_timeout,
            read_timeout_s=stream.read_timeout,
            tls_verify=stream.tls_verify,
            loop_file=stream.loop,
        )

    def _secret(
        self, value: SecretStr | None, file: str | None, variable: str | None, path: KeyPath, name: str
    ) -> str | None:
        """Return the value of `name`, `name_file` or `name_env`, whichever is given."""
        if sum(given is not None for given in (value, file, variable)) > 1:
            self._problem(path, f"gives {name} more than once", f"one of {name}, {name}_file, {name}_env")
            return None
        if file is not None:
            return self._from_file(Path(file).expanduser(), (*path, f"{name}_file"))
        if variable is not None:
            if variable not in os.environ:
                self._problem((*path, f"{name}_env"), "names an environment variable that is not set")
            return os.environ.get(variable)
        return value.get_secret_value() if value else None

    def _from_file(self, file: Path, path: KeyPath) -> str | None:
        try:
            with (self._document.path.parent / file).open(encoding="utf-8") as opened:
                return opened.read(_SECRET_BYTES).rstrip("\r\n")
        except OSError as err:
            self._problem(path, f"names a file that cannot be read: {err.strerror}")
        except UnicodeDecodeError:
            self._problem(path, "names a file that is not text")
        return None

    def _local(self, address: str) -> str | None:
        """Return the absolute path of a file next to the configuration; None for everything else."""
        if address.startswith("/") or ":" in address.partition("/")[0]:
            return None
        return os.path.normpath(self._document.path.parent / Path(address).expanduser())

    def _remote(self, address: str, username: str | None, password: str | None, path: KeyPath) -> str | None:
        where = self._written_at(path)
        try:
            parts = urlsplit(address)
            own, _, host = parts.netloc.rpartition("@")
            if own and (username is not None or password is not None):
                self._problem(
                    where, "names credentials in the address and in their own keys", "only the keys"
                )
                return None
            if own:
                username, colon, rest = own.partition(":")
                username, password = unquote(username), unquote(rest) if colon else None
            if host:
                address = parts._replace(netloc=_userinfo(username, password) + host).geturl()
            check_url(address)
        except (ValueError, RefusedUrlError) as err:
            # A ValueError of the parser quotes the address.
            said = str(err) if isinstance(err, RefusedUrlError) else "is not an address that can be read"
            self._problem(where, said, _RIGHT)
            return None
        return address

    def _written_at(self, path: KeyPath) -> KeyPath:
        """Return the key to name for an address, which may be written without `url:`."""
        return (*path, "url") if self._document.line((*path, "url")) != self._document.line(path) else path

    def _doubts(self, url: str, stream: StreamConfig, path: KeyPath) -> None:
        file = url.removeprefix("file://")
        if file.startswith("/") and not Path(file).exists():
            self._doubt(path, "names a file that does not exist (yet)")
        mode = self._document.path.stat().st_mode if self._document.path.exists() else 0
        inline = stream.password is not None and self._document.is_inline((*path, "password"))
        if inline and mode & stat.S_IROTH:
            self._doubt(
                (*path, "password"),
                "can be read by every user of this machine",
                "!secret NAME, password_file or password_env",
            )

    def _problem(self, path: KeyPath, message: str, right: str = "") -> None:
        self._problems.append(problem_at(self._document, path, message, right))

    def _doubt(self, path: KeyPath, message: str, right: str = "") -> None:
        self._warnings.append(problem_at(self._document, path, message, right))


def _userinfo(username: str | None, password: str | None) -> str:
    if username is None:
        return ""
    secret = "" if password is None else ":" + quote(password, safe="")
    return f"{quote(username, safe='')}{secret}@"
