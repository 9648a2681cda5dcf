"""Commands a client may send over the WebSocket, and how each is carried out."""

from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool, StrictInt, TypeAdapter

from vigilar.api.requests import Asked, CameraIdIn, CameraIn, ClipIdIn, EventIdIn, MotionIn, RecordIn, Seconds
from vigilar.api.routes.cameras import apply_change
from vigilar.api.services import Services
from vigilar.api.views import Json, LiveTicketOut, RecordingOut, RevokedOut, rendered
from vigilar.domain.camera import RecordingMode

type CommandId = Annotated[StrictInt, Field(ge=0, le=2**53)]


class _Command(Asked):
    id: CommandId


class Ping(_Command):
    """Ask whether the other side is there."""

    type: Literal["ping"]


class Snapshot(_Command):
    """Ask for the whole state again."""

    type: Literal["snapshot"]


class Record(_Command):
    """Record now."""

    type: Literal["camera.record"]
    camera: CameraIdIn
    seconds: Seconds = RecordIn().seconds


class Change(_Command):
    """Change a camera until the worker's next start."""

    type: Literal["camera.change"]
    camera: CameraIdIn
    mode: RecordingMode | None = None
    motion: MotionIn | None = None


class IssueTicket(_Command):
    """Ask for a right to watch."""

    type: Literal["camera.live_ticket"]
    camera: CameraIdIn


class RevokeTickets(_Command):
    """Void all rights to watch a camera."""

    type: Literal["camera.revoke_live_tickets"]
    camera: CameraIdIn


class Star(_Command):
    """Set or clear a recording's star."""

    type: Literal["clip.star"]
    clip: ClipIdIn
    starred: StrictBool


class Delete(_Command):
    """Delete a recording for good."""

    type: Literal["clip.delete"]
    clip: ClipIdIn


class Acknowledge(_Command):
    """Mark an event as seen."""

    type: Literal["event.acknowledge"]
    event: EventIdIn


type Command = Annotated[
    Ping | Snapshot | Record | Change | IssueTicket | RevokeTickets | Star | Delete | Acknowledge,
    Field(discriminator="type"),
]

COMMAND: Final[TypeAdapter[Command]] = TypeAdapter(Command)


async def carry_out(command: Command, services: Services, *, actor: str) -> Json:
    """Carry out a command and return its result's data. Raises VigilarErrors as the services do.

    `Snapshot` is the session's own business: the state must go out in step with the changes.
    """
    match command:
        case Ping() | Snapshot():
            done: object = None
        case Record():
            done = RecordingOut(clip_id=await services.cameras.record(command.camera, command.seconds))
        case Change():
            change = CameraIn(mode=command.mode, motion=command.motion)
            done = await apply_change(services.cameras, command.camera, change)
        case IssueTicket():
            done = LiveTicketOut.of(services.live.issue(command.camera))
        case RevokeTickets():
            done = RevokedOut(revoked=services.live.revoke(command.camera))
        case Star():
            done = await services.clips.star(command.clip, command.starred)
        case Delete():
            await services.clips.delete(command.clip, actor=actor)
            done = None
        case Acknowledge():
            done = await services.events.acknowledge(command.event)
    return rendered(done)
