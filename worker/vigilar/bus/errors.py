"""What can go wrong between our processes."""

from vigilar.domain.errors import UnavailableError, VigilarError


class BusError(VigilarError):
    """Root of the bus's own errors."""

    code = "bus"


class MalformedMessageError(BusError):
    """A peer sent frames that are no message of ours (another version?)."""


class PeerUnavailableError(BusError, UnavailableError):
    """The process asked is not there, or did not answer in time."""

    code = "unavailable"
