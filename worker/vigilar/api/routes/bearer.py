"""How OpenAPI is told that a route needs a token. The gate, not this, is what keeps others out."""

from typing import Any, Final

from fastapi import Depends
from fastapi.security import HTTPBearer

from vigilar.api.errors import documented

_SCHEME: Final = HTTPBearer(
    scheme_name="token", description="An API token, made by `vigilar token new`", auto_error=False
)
NEEDS_TOKEN: Final = [Depends(_SCHEME)]
TOKEN_ERRORS: Final[dict[int | str, dict[str, Any]]] = documented("unauthorized", "too_many_attempts")
