"""Root of Vigilar's own exception tree."""


class VigilarError(Exception):
    """An error a person can act on: its text says what happened, to what, and what to do.

    The text never carries a credential. `code` is stable and safe to show to programs.
    """

    code = "internal"


class NotFoundError(VigilarError):
    """What was asked for does not exist (any more)."""

    code = "not_found"


class InvalidRequestError(VigilarError):
    """The request itself is wrong; asking again the same way cannot help."""

    code = "invalid_request"


class UnavailableError(VigilarError):
    """It exists, but cannot be had now (camera offline, process restarting); asking again may help."""

    code = "unavailable"
