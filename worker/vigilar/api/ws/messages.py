"""What the worker sends over the WebSocket, and how it reads what comes in."""

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final, Literal

from pydantic import StringConstraints, TypeAdapter, ValidationError

from vigilar.api.errors import ErrorBody, invalid, problems_of
from vigilar.api.requests import Asked
from vigilar.api.views import InfoOut, Json, rendered
from vigilar.api.ws.commands import COMMAND, Command


class CloseCode(IntEnum):
    """Why the worker closes a WebSocket (4000 and up are ours)."""

    UNAUTHORIZED = 4401
    AUTH_TIMEOUT = 4408
    TOO_SLOW = 4413
    TOO_MANY = 4429
    INTERNAL = 1011


class Authenticate(Asked):
    """The first message of a client that could not send an Authorization header."""

    type: Literal["auth"]
    token: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


_AUTHENTICATE: Final = TypeAdapter(Authenticate)


def encoded(message: Json) -> str:
    """Return a message as it is sent."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def server_info(info: InfoOut, *, authenticated: bool) -> Json:
    """Return the first message of every connection."""
    return {"type": "server_info", "authenticated": authenticated, "data": rendered(info)}


def snapshot(seq: int, data: object) -> Json:
    """Return the whole state, as it was when the change `seq` had been made."""
    return {"type": "snapshot", "seq": seq, "data": rendered(data)}


def result(command_id: int, data: Json) -> Json:
    """Return the answer to a command that was carried out."""
    return {"type": "result", "id": command_id, "ok": True, "data": data}


def failure(command_id: int | None, error: ErrorBody) -> Json:
    """Return the answer to a command that failed, or (without id) to what was no command."""
    content: Json = error.model_dump(mode="json", exclude_none=True)
    if command_id is None:
        return {"type": "error", "error": content}
    return {"type": "result", "id": command_id, "ok": False, "error": content}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was no command, with its answer."""

    answer: Json


def read_token(text: str) -> str | None:
    """Return the token of an `auth` message, or None if this is none."""
    try:
        return _AUTHENTICATE.validate_json(text).token
    except ValidationError:
        return None


def read_command(text: str) -> Command | Refusal:
    """Return the command in a message, or what is to be answered to a message that holds none."""
    try:
        return COMMAND.validate_json(text)
    except ValidationError as err:
        problems = problems_of(err.errors(include_url=False, include_input=False, include_context=False))
        return Refusal(failure(_id_in(text), invalid(problems, "not a command; detail says why")))


def _id_in(text: str) -> int | None:
    """Return the id of a message that is wrong otherwise, so that its sender hears which one it was."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = message.get("id") if isinstance(message, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 2**53 else None
