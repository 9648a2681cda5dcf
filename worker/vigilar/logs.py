"""How every process logs: one line per record on standard error, for people or as JSON for programs.

The last guard against credentials stands here: whatever looks like `scheme://user:password@` loses its
userinfo.
"""

import json
import logging
import re
import sys
import threading
import time
from types import TracebackType
from typing import Any, Final, override

_USERINFO: Final = re.compile(r"(?<=://)[^\s'\"]*@")
_PLAIN_ATTRIBUTES: Final = frozenset(
    {*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime", "taskName"}
)


def configure(level: str, log_format: str, process: str) -> None:
    """Send this process's log to standard error.

    `level`: a name of `logging`. `log_format`: "text" or "json". `process`: the child's name, put on every
    line. Uncaught exceptions of the main thread and of others are logged as well. May be called again.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process) if log_format == "json" else TextFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def without_credentials(text: str) -> str:
    """Return `text` with the userinfo of every address in it replaced."""
    return _USERINFO.sub("…@", text) if "://" in text else text


class _UtcFormatter(logging.Formatter):
    @override
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{stamp}.{int(record.msecs):03d}Z"


class TextFormatter(_UtcFormatter):
    """`2026-11-21T07:00:00.123Z WARNING capture:front vigilar.capture.session: message camera=front`."""

    def __init__(self, process: str) -> None:
        super().__init__(
            f"%(asctime)s %(levelname)-7s {process.replace('%', '%%')} %(name)s: %(message)s",
        )

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        extra = " ".join(f"{key}={value}" for key, value in _extra(record).items())
        return f"{line} {extra}" if extra else line

    @override
    def format(self, record: logging.LogRecord) -> str:
        return without_credentials(super().format(record))


class JsonFormatter(_UtcFormatter):
    """One JSON object a line: ts (UTC), level, logger, process, message, what `extra=` gave, exception."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": self._process,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in _extra(record).items() if key not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without_credentials(json.dumps(line, ensure_ascii=False, default=str))


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller gave as `extra=` (camera, clip_id, event_type …)."""
    return {
        key: value
        for key, value in vars(record).items()
        if key not in _PLAIN_ATTRIBUTES and not key.startswith("_") and value is not None
    }


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("vigilar").critical("uncaught: the process ends", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(uncaught: threading.ExceptHookArgs) -> None:
    if uncaught.exc_value is None:
        return
    name = uncaught.thread.name if uncaught.thread else "?"
    logging.getLogger("vigilar").critical(
        "uncaught in thread %s",
        name,
        exc_info=(uncaught.exc_type, uncaught.exc_value, uncaught.exc_traceback),
    )
