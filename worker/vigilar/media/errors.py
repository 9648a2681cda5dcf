"""What can go wrong with a stream, in words fit for a person. No text here ever carries a credential."""

from vigilar.domain.errors import VigilarError


class MediaError(VigilarError):
    """Something about a stream or a media file failed."""

    code = "media_error"


class RefusedUrlError(MediaError):
    """The address is not one we open: wrong scheme, malformed, or a way to reach something else."""

    code = "refused_url"


class UnreachableError(MediaError):
    """Nothing answered, or the connection broke before a picture came."""

    code = "unreachable"


class UnauthorizedError(MediaError):
    """The camera refused the user name or password."""

    code = "unauthorized"


class StreamNotFoundError(MediaError):
    """The camera answered, but has no stream (or the machine no file) of this name."""

    code = "stream_not_found"


class NotAVideoError(MediaError):
    """Something answered, but what it sends holds no video."""

    code = "not_a_video"


class StalledError(MediaError):
    """The connection is open, but no packet (or no key frame) came for too long."""

    code = "stalled"


class UnsupportedError(MediaError):
    """It is video, but of a kind Vigilar does not record."""

    code = "unsupported"
