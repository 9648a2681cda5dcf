"""The one edge where errors become answers: an envelope with a stable code, and its status."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from vigilar.domain.errors import VigilarError

_STATUS_OF_CODE: Final[Mapping[str, HTTPStatus]] = {
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "payload_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "range_not_satisfiable": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "invalid_request": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many_attempts": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
_CODE_OF_STATUS: Final = {int(status): code for code, status in _STATUS_OF_CODE.items()}
_EXTRA_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "unauthorized": {"WWW-Authenticate": 'Bearer realm="vigilar"'},
    "too_many_attempts": {"Retry-After": "10"},
    "unavailable": {"Retry-After": "5"},
}
_INTERNAL_MESSAGE: Final = "something went wrong inside the worker; its log says what"


class UnauthorizedError(VigilarError):
    """No token came with the request, or not one that is valid."""

    code = "unauthorized"


class TooManyAttemptsError(VigilarError):
    """Too many wrong tokens are being answered just now."""

    code = "too_many_attempts"


class PayloadTooLargeError(HTTPException, VigilarError):
    """The body is larger than any request of this API.

    An HTTPException too: the framework turns anything else that is raised while it reads the body into a 400.
    """

    code = "payload_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limit} bytes")


class Problem(BaseModel):
    """One thing wrong with a request: where (`["body", "seconds"]`) and what."""

    at: list[str | int]
    message: str


class ErrorBody(BaseModel):
    """What went wrong. `code` is stable; `message` is for people and may change."""

    code: str = Field(description="Stable, for programs", examples=["not_found"])
    message: str = Field(description="For people", examples=["there is no camera 'yard'"])
    detail: list[Problem] | None = Field(None, description="With invalid_request: each thing that is wrong")


class ErrorEnvelope(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorBody


def problems_of(errors: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Return validation errors as the envelope's detail, without the offending values: they may be secret."""
    return [Problem(at=list(error["loc"]), message=str(error["msg"])) for error in errors]


def body_of(error: Exception) -> ErrorBody:
    """Return what may be told of an error: a VigilarError's own text, nothing of a foreign one."""
    match error:
        case PayloadTooLargeError():
            return ErrorBody(code=error.code, message=str(error.detail))
        case VigilarError() if error.code in _STATUS_OF_CODE:
            return ErrorBody(code=error.code, message=str(error) or error.code.replace("_", " "))
        case HTTPException() if error.status_code < 500 and error.status_code in _CODE_OF_STATUS:
            return ErrorBody(code=_CODE_OF_STATUS[error.status_code], message=str(error.detail))
        case HTTPException() if error.status_code < 500:
            return ErrorBody(code="invalid_request", message=str(error.detail))
        case _:
            return ErrorBody(code="internal", message=_INTERNAL_MESSAGE)


def invalid(
    problems: list[Problem], message: str = "the request is not valid; detail says where"
) -> ErrorBody:
    """Return the body for a request that failed validation."""
    return ErrorBody(code="invalid_request", message=message, detail=problems)


def envelope(body: ErrorBody, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that carries `body`, with the status that goes with its code."""
    content = {"error": body.model_dump(mode="json", exclude_none=True)}
    extra = {**_EXTRA_HEADERS.get(body.code, {}), **(headers or {})}
    return JSONResponse(content, _STATUS_OF_CODE[body.code], extra)


def answer_to(error: Exception) -> Response:
    """Return the answer to any error."""
    kept = error.headers if isinstance(error, HTTPException) else None
    return envelope(body_of(error), kept)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of these error codes."""
    return {
        int(_STATUS_OF_CODE[code]): {
            "model": ErrorEnvelope,
            "description": code.replace("_", " ").capitalize(),
        }
        for code in codes
    }
