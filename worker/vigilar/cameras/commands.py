"""Commands to the capture and look processes, and what their refusals mean."""

from typing import Final, Protocol

from vigilar.bus.messages import AnyMessage, Reply
from vigilar.domain.camera import CameraId
from vigilar.domain.errors import InvalidRequestError, NotFoundError, UnavailableError, VigilarError

LOOK: Final = "look"
COMMAND_TIMEOUT_S: Final = 5.0
_ERRORS: Final[dict[str, type[VigilarError]]] = {
    kind.code: kind for kind in (NotFoundError, InvalidRequestError, UnavailableError)
}


class Requester(Protocol):
    """The core's side of the bus."""

    async def request(
        self,
        peer: str,
        command: AnyMessage,
        timeout: float,  # noqa: ASYNC109 - the bus's contract
        blob: bytes = b"",
    ) -> tuple[Reply, bytes]:
        """Send a command and wait for its answer. Raises UnavailableError."""


def capture_peer(camera: CameraId) -> str:
    """Return the name of a camera's capture process."""
    return f"capture:{camera}"


async def ask(
    hub: Requester,
    peer: str,
    command: AnyMessage,
    *,
    blob: bytes = b"",
    within_s: float = COMMAND_TIMEOUT_S,
) -> tuple[str, bytes]:
    """Return the (text, blob) of a good answer. Raises the error a refusal stands for, UnavailableError."""
    reply, answer = await hub.request(peer, command, within_s, blob)
    if not reply.ok:
        raise _ERRORS.get(reply.code, UnavailableError)(reply.text or f"process {peer} refused")
    return reply.text, answer
