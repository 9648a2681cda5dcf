"""A recording's film: ordinary MP4, decrypted on the way, only what was asked for."""

from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from vigilar.api.errors import ErrorBody, documented, envelope
from vigilar.api.ranges import NotModified, Part, Unsatisfiable, Wanted, Whole, http_date, wanted
from vigilar.api.requests import ClipIdIn
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import Clips, House
from vigilar.api.services import ClipMedia, ClipService
from vigilar.api.streaming import StreamedResponse
from vigilar.api.views import API_ROOT

router: Final = APIRouter(
    prefix=f"{API_ROOT}/clips", tags=["clips"], dependencies=NEEDS_TOKEN, responses=TOKEN_ERRORS
)
_FILM: Final = {"content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: _FILM | {"description": "The whole film"},
    206: _FILM | {"description": "The asked range"},
    304: {"description": "The client has it already"},
    **documented("not_found", "range_not_satisfiable", "invalid_request", "unavailable"),
}


@router.get("/{clip_id}/media.mp4", response_class=Response, responses=_ANSWERS)
async def get_media(clip_id: ClipIdIn, request: Request, clips: Clips, house: House) -> Response:
    """Return the film or, with `Range`, one part of it. Only the encrypted records it lies in are read."""
    media = await clips.open(clip_id)
    try:
        return await _answer(media, clip_id, request, house)
    except BaseException:
        await media.close()
        raise


@router.head("/{clip_id}/media.mp4", response_class=Response, responses=_ANSWERS)
async def head_media(clip_id: ClipIdIn, request: Request, clips: Clips) -> Response:
    """Return what GET would, without the film."""
    return await _head(clips, clip_id, request.headers)


async def _answer(media: ClipMedia, clip_id: str, request: Request, house: House) -> Response:
    wish = _wish(media, request.headers)
    match wish:
        case Whole():
            start, length = 0, media.size
        case Part():
            start, length = wish.start, wish.length
        case _:
            await media.close()
            return _without_film(wish, media, clip_id)
    film = media.read(start, length)
    # The first bytes are had before the head goes out: damage becomes an envelope, not half a film.
    first = await anext(film, b"")
    return StreamedResponse(
        _chained(first, film),
        closing=house.closing,
        on_end=media.close,
        status_code=206 if isinstance(wish, Part) else 200,
        headers=_headers(wish, media, clip_id),
        media_type=media.mime,
    )


async def _head(clips: ClipService, clip_id: str, headers: Headers) -> Response:
    media = await clips.open(clip_id)
    try:
        return _without_film(_wish(media, headers), media, clip_id)
    finally:
        await media.close()


def _wish(media: ClipMedia, headers: Headers) -> Wanted:
    return wanted(headers, size=media.size, etag=media.etag, last_modified=media.last_modified)


def _without_film(wish: Wanted, media: ClipMedia, clip_id: str) -> Response:
    match wish:
        case Unsatisfiable():
            message = f"the film has {media.size} bytes; the asked range lies outside or is none"
            return envelope(
                ErrorBody(code="range_not_satisfiable", message=message),
                {"Content-Range": f"bytes */{media.size}", "Accept-Ranges": "bytes"},
            )
        case NotModified():
            return Response(status_code=304, headers=_validators(media))
        case Part():
            return Response(status_code=206, headers=_headers(wish, media, clip_id), media_type=media.mime)
        case Whole():
            return Response(headers=_headers(wish, media, clip_id), media_type=media.mime)


def _headers(wish: Whole | Part, media: ClipMedia, clip_id: str) -> dict[str, str]:
    length = wish.length if isinstance(wish, Part) else media.size
    headers = _validators(media) | {
        "Accept-Ranges": "bytes",
        "Content-Length": str(length),
        "Content-Disposition": f'inline; filename="{clip_id}.mp4"',
    }
    if isinstance(wish, Part):
        headers["Content-Range"] = f"bytes {wish.start}-{wish.start + wish.length - 1}/{media.size}"
    return headers


def _validators(media: ClipMedia) -> dict[str, str]:
    return {
        "ETag": media.etag,
        "Last-Modified": http_date(media.last_modified),
        "Cache-Control": "private, no-cache",
    }


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        if first:
            yield first
        async for chunk in rest:
            yield chunk
    finally:
        if (aclose := getattr(rest, "aclose", None)) is not None:
            await aclose()
