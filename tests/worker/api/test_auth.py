"""Who is let in, who is not, and how slowly the latter hear of it."""

import asyncio
import logging
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from vigilar.api.auth import Doorman, TokenAuth
from vigilar.api.errors import TooManyAttemptsError, UnauthorizedError
from vigilar.api.throttle import Throttle
from vigilar.api.tokens import new_token, revoke_token
from worker.api.fakes import TICKET, FakeClock, FakeHouse

pytestmark = pytest.mark.anyio

PUBLIC = {"/health", "/api/v1/info", "/api/v1/live/{ticket}.ts"}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}


def test_every_route_but_the_named_public_ones_needs_a_token(app: FastAPI, stranger: TestClient) -> None:
    private = {(method, path) for method, path in routes_of(app) if path not in PUBLIC}

    answers = {(method, path): stranger.request(method, path).status_code for method, path in private}

    assert len(answers) >= 20
    assert set(answers.values()) == {401}


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/api/v1", "/api/v1/nothing", "/health/", "/metrics"]
)
def test_what_does_not_exist_needs_a_token_too(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 401


def test_the_public_routes_need_none(stranger: TestClient, house: FakeHouse) -> None:
    house.live.endless = False

    assert stranger.get("/health").status_code == 200
    assert stranger.get("/api/v1/info").status_code == 200
    assert stranger.get(f"/api/v1/live/{TICKET}.ts").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic {token}"},
        {"Authorization": "{token}"},
        {"Authorization": "Bearer {token}x"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": "Bearer \xe9\xff"},
        {"X-Api-Key": "{token}"},
        {"Cookie": "token={token}"},
    ],
)
def test_anything_but_one_good_bearer_token_is_unauthorized(
    stranger: TestClient, token: str, headers: dict[str, str]
) -> None:
    sent = [
        (name.encode(), value.replace("{token}", token).encode("latin-1")) for name, value in headers.items()
    ]

    answer = stranger.get("/api/v1/cameras", headers=sent)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert token not in answer.text


def test_a_token_in_the_query_does_not_count(stranger: TestClient, token: str) -> None:
    assert stranger.get(f"/api/v1/cameras?token={token}&access_token={token}").status_code == 401


def test_two_authorization_headers_are_none(stranger: TestClient, token: str) -> None:
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]

    assert stranger.get("/api/v1/cameras", headers=twice).status_code == 401


def test_the_scheme_is_case_insensitive(stranger: TestClient, token: str) -> None:
    assert stranger.get("/api/v1/cameras", headers={"Authorization": f"bEARER  {token}"}).status_code == 200


def test_a_wrong_token_is_not_written_to_the_log(
    stranger: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        stranger.get("/api/v1/cameras", headers={"Authorization": "Bearer canary-7f3a"})

    assert "wrong API token" in caplog.text
    assert "canary-7f3a" not in caplog.text


# --- the file of hashes, while the worker runs -----------------------------------------------------------


async def test_a_token_made_while_running_is_known_at_once(hash_file: Path) -> None:
    auth = TokenAuth(hash_file, clock=FakeClock())
    assert await auth.principal("anything") is None

    token = new_token(hash_file, name="phone")

    principal = await auth.principal(token)
    assert principal is not None
    assert principal.name == "phone"


async def test_a_withdrawn_token_is_void_within_a_second(hash_file: Path, token: str) -> None:
    clock = FakeClock()
    auth = TokenAuth(hash_file, clock=clock)
    principal = await auth.principal(token)
    assert principal is not None

    revoke_token(hash_file, "panel")
    clock.advance(1.01)

    assert await auth.principal(token) is None
    assert not await auth.holds(principal)


def spoil(hash_file: Path) -> None:
    hash_file.write_text("{")


async def test_a_spoilt_file_lets_nobody_in_and_says_so(
    hash_file: Path, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    auth = TokenAuth(hash_file, clock=clock)
    assert await auth.principal(token)

    spoil(hash_file)
    clock.advance(2)

    assert await auth.principal(token) is None
    assert "nobody is let in" in caplog.text


# --- the slow door ---------------------------------------------------------------------------------------


class _Sleeps:
    """Notes how long each wait is to be; `release` ends those under way."""

    def __init__(self, *, hold: bool = False) -> None:
        self.seconds: list[float] = []
        self.release = asyncio.Event()
        self._more = asyncio.Condition()
        if not hold:
            self.release.set()

    async def __call__(self, seconds: float) -> None:
        async with self._more:
            self.seconds.append(seconds)
            self._more.notify_all()
        await self.release.wait()

    async def until(self, count: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self.seconds) >= count)


async def test_the_answer_to_guesses_comes_later_and_later(hash_file: Path, token: str) -> None:
    sleeps = _Sleeps()
    doorman = Doorman(TokenAuth(hash_file), Throttle(FakeClock()), sleep=sleeps)

    for _ in range(8):
        with pytest.raises(UnauthorizedError):
            await doorman.admit("192.0.2.1", "guess")

    assert sleeps.seconds == [0.25, 0.5, 1, 2]
    assert doorman.failures == 8


async def test_a_right_token_is_let_in_at_once_whoever_guesses_beside_it(hash_file: Path, token: str) -> None:
    sleeps = _Sleeps(hold=True)
    doorman = Doorman(TokenAuth(hash_file), Throttle(FakeClock()), sleep=sleeps)
    guesses = [asyncio.create_task(doorman.admit("192.0.2.1", f"guess{n}")) for n in range(20)]
    await sleeps.until(16)

    principal = await doorman.admit("192.0.2.1", token)

    assert principal.name == "panel"
    sleeps.release.set()
    assert {type(each) for each in await asyncio.gather(*guesses, return_exceptions=True)} == {
        UnauthorizedError
    }


async def test_only_so_many_answers_are_held_back_at_once(hash_file: Path, token: str) -> None:
    sleeps = _Sleeps(hold=True)
    doorman = Doorman(TokenAuth(hash_file), Throttle(FakeClock()), sleep=sleeps)
    guesses = [asyncio.create_task(doorman.admit("192.0.2.1", "guess")) for _ in range(4 + 32)]
    await sleeps.until(32)

    with pytest.raises(TooManyAttemptsError):
        await doorman.admit("192.0.2.1", "guess")

    sleeps.release.set()
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_no_token_at_all_is_no_guess(hash_file: Path) -> None:
    doorman = Doorman(TokenAuth(hash_file), Throttle(FakeClock()))

    for _ in range(10):
        with pytest.raises(UnauthorizedError):
            await doorman.admit("192.0.2.1", None)

    assert doorman.failures == 0
