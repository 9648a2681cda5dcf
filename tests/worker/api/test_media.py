"""The film over HTTP: ranges, validators, and nothing left open."""

import pytest
from starlette.testclient import TestClient

from worker.api.fakes import FILM, FakeHouse

MEDIA = "/api/v1/clips/yard_20261121T073000Z/media.mp4"
SIZE = len(FILM)


def test_the_whole_film(client: TestClient, house: FakeHouse) -> None:
    answer = client.get(MEDIA)

    assert (answer.status_code, answer.content) == (200, FILM)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == '"f1lm"'
    assert answer.headers["last-modified"] == "Sat, 21 Nov 2026 07:30:00 GMT"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"] == 'inline; filename="yard_20261121T073000Z.mp4"'
    assert house.clips.media.closed == 1


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0-", 0, SIZE),
        ("0-0", 0, 1),
        ("100-4999", 100, 5000),
        ("-500", SIZE - 500, SIZE),
        (f"{SIZE - 1}-", SIZE - 1, SIZE),
    ],
)
def test_a_part_of_it(client: TestClient, house: FakeHouse, asked: str, start: int, stop: int) -> None:
    answer = client.get(MEDIA, headers={"Range": f"bytes={asked}"})

    assert (answer.status_code, answer.content) == (206, FILM[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(stop - start)
    assert house.clips.media.reads == [(start, stop - start)]
    assert house.clips.media.closed == 1


@pytest.mark.parametrize(
    "asked", [f"bytes={SIZE}-", "bytes=9-1", "bytes=-0", "bytes=x", "bytes=" + "9" * 4000 + "-"]
)
def test_absurd_ranges_are_told_the_size(client: TestClient, house: FakeHouse, asked: str) -> None:
    answer = client.get(MEDIA, headers={"Range": asked})

    assert (answer.status_code, answer.json()["error"]["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert house.clips.media.reads == []
    assert house.clips.media.closed == 1


def test_who_has_the_film_gets_nothing(client: TestClient, house: FakeHouse) -> None:
    answer = client.get(MEDIA, headers={"If-None-Match": '"f1lm"', "Range": "bytes=0-9"})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"f1lm"'
    assert house.clips.media.reads == []
    assert house.clips.media.closed == 1


def test_a_range_of_another_film_is_answered_with_the_whole(client: TestClient) -> None:
    answer = client.get(MEDIA, headers={"If-Range": '"older"', "Range": "bytes=5-9"})

    assert (answer.status_code, len(answer.content)) == (200, SIZE)


def test_head_says_what_get_would_and_reads_nothing(client: TestClient, house: FakeHouse) -> None:
    whole = client.head(MEDIA)
    part = client.head(MEDIA, headers={"Range": "bytes=5-9"})
    absurd = client.head(MEDIA, headers={"Range": f"bytes={SIZE}-"})
    known = client.head(MEDIA, headers={"If-None-Match": "*"})

    assert [answer.status_code for answer in (whole, part, absurd, known)] == [200, 206, 416, 304]
    assert [answer.headers.get("content-length") for answer in (whole, part)] == [str(SIZE), "5"]
    assert part.headers["content-range"] == f"bytes 5-9/{SIZE}"
    assert [answer.content for answer in (whole, part, known)] == [b""] * 3
    assert house.clips.media.reads == []
    assert (house.clips.opened, house.clips.media.closed) == (4, 4)


def test_get_and_head_agree_on_the_headers(client: TestClient) -> None:
    told = [
        {name: value for name, value in answer.headers.items() if name != "date"}
        for answer in (client.get(MEDIA), client.head(MEDIA))
    ]

    assert told[0] == told[1]


def test_a_film_damaged_at_the_asked_place_is_an_error_not_half_a_film(
    client: TestClient, house: FakeHouse
) -> None:
    house.clips.media.fails_after = 0

    answer = client.get(MEDIA)

    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "the clip is damaged here")
    assert house.clips.media.closed == 1


def test_a_clip_that_is_not_there_is_not_found(client: TestClient, house: FakeHouse) -> None:
    for answer in (
        client.get("/api/v1/clips/yard_20200101T000000Z/media.mp4"),
        client.head("/api/v1/clips/yard_20200101T000000Z/media.mp4"),
    ):
        assert answer.status_code == 404
    assert house.clips.opened == 0


def test_an_empty_film_is_an_empty_answer(client: TestClient, house: FakeHouse) -> None:
    house.clips.media.film = b""

    answer = client.get(MEDIA)

    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert house.clips.media.closed == 1
