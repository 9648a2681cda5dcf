"""The WebSocket: who may come in, and what is sent."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus

from vigilar.api.services import ClipView
from vigilar.api.tokens import revoke_token
from vigilar.api.ws.session import SessionLimits
from worker.api.conversation import CLIP, bearer, closed, command, past_snapshot, small
from worker.api.fakes import FakeHouse, camera, clip, event, storage_view
from worker.api.running import receive, running, until

pytestmark = pytest.mark.anyio


# --- coming in -------------------------------------------------------------------------------------------


async def test_with_a_token_in_the_header_the_state_comes_at_once(app: FastAPI, token: str) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        info = await receive(socket)
        state = await receive(socket)

    assert info == {
        "type": "server_info",
        "authenticated": True,
        "data": {
            "name": "Vigilar",
            "version": "9.8.7",
            "server_id": "house-1",
            "schema_version": 1,
            "min_supported_schema_version": 1,
            "auth": ["bearer"],
        },
    }
    assert (state["type"], state["seq"]) == ("snapshot", 7)
    assert [each["id"] for each in state["data"]["cameras"]] == ["yard", "door"]
    assert state["data"]["health"]["status"] == "healthy"


async def test_the_token_may_be_the_first_message(app: FastAPI, token: str) -> None:
    async with running(app) as server, server.socket() as socket:
        assert (await receive(socket))["authenticated"] is False
        await socket.send(json.dumps({"type": "auth", "token": token}))
        assert await receive(socket) == {"type": "auth_ok"}
        assert (await receive(socket))["type"] == "snapshot"


@pytest.mark.parametrize(
    "first",
    [
        '{"type": "auth", "token": "wrong"}',
        '{"type": "auth"}',
        '{"type": "camera.record", "id": 1, "camera": "yard"}',
        "hello",
        "",
        b"\x00\x01",
    ],
)
async def test_any_other_first_message_ends_it(app: FastAPI, house: FakeHouse, first: str | bytes) -> None:
    async with running(app) as server, server.socket() as socket:
        await receive(socket)
        await socket.send(first)
        refusal = await receive(socket)
        code = await closed(socket)

    assert (refusal["type"], refusal["error"]["code"]) == ("error", "unauthorized")
    assert code == 4401
    assert house.cameras.asked == []
    assert house.feed.subscriptions == []


async def test_a_wrong_token_in_the_header_is_an_ordinary_401(app: FastAPI) -> None:
    async with running(app) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with server.socket(bearer("wrong")):
                pass

    answer = refused.value.response
    assert answer.status_code == 401
    assert json.loads(answer.body)["error"]["code"] == "unauthorized"


async def test_who_says_nothing_is_shown_out(house: FakeHouse, hash_file: Path, token: str) -> None:
    async with running(small(house, hash_file, auth_timeout_s=0.05)) as server, server.socket() as socket:
        assert await closed(socket) == 4408


async def test_strangers_cannot_take_all_places(house: FakeHouse, hash_file: Path, token: str) -> None:
    app = small(house, hash_file, strangers=1)
    async with running(app) as server, server.socket() as first:
        await receive(first)
        with pytest.raises(InvalidStatus) as refused:
            async with server.socket():
                pass

    assert refused.value.response.status_code == 503


async def test_clients_beyond_the_limit_are_asked_to_come_back(
    house: FakeHouse, hash_file: Path, token: str
) -> None:
    app = small(house, hash_file, clients=1)
    async with running(app) as server, server.socket(bearer(token)) as first:
        await past_snapshot(first)
        with pytest.raises(InvalidStatus) as refused:
            async with server.socket(bearer(token)):
                pass

    assert refused.value.response.status_code == 503


async def test_a_withdrawn_token_ends_its_connections(house: FakeHouse, hash_file: Path, token: str) -> None:
    app = small(house, hash_file, session=SessionLimits(recheck_token_s=0.02))
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        await asyncio.to_thread(revoke_token, hash_file, "panel")
        assert await closed(socket) == 4401


# --- state -----------------------------------------------------------------------------------------------


async def test_changes_follow_the_snapshot_without_a_gap(app: FastAPI, house: FakeHouse, token: str) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        seq = (await past_snapshot(socket))["seq"]
        for n in range(20):
            house.feed.publish("camera", "yard", camera(motion=bool(n % 2)))
        deltas = [await receive(socket) for _ in range(20)]

    assert [delta["seq"] for delta in deltas] == [seq + 1 + n for n in range(20)]
    assert {delta["type"] for delta in deltas} == {"delta"}
    assert [delta["data"]["motion"] for delta in deltas[:2]] == [False, True]


@pytest.mark.parametrize("as_builtins", [False, True])
async def test_what_changed_looks_as_it_does_over_http(
    app: FastAPI, house: FakeHouse, token: str, as_builtins: bool
) -> None:
    values = {
        "camera": camera("yard", motion=True),
        "clip": ClipView(clip(3), starred=True),
        "event": event(3),
        "health": house.health.report(),
        "storage": storage_view(),
    }
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        for topic, value in values.items():
            house.feed.publish(topic, "key", msgspec.to_builtins(value) if as_builtins else value)
        found = {topic: (await receive(socket))["data"] for topic in values}

    assert found["camera"]["main"]["video_codec"] == "h264"
    assert (found["clip"]["starred"], found["clip"]["camera"]) == (True, "yard")
    assert found["clip"]["media"].endswith("/yard_20261121T073300Z/media.mp4")
    assert (found["event"]["start"], found["event"]["zones"]) == ("2026-11-21T07:33:00Z", ["gate"])
    assert found["health"]["items"][0]["key"] == "recovery_key"
    assert found["storage"]["cameras"][0]["oldest"] == "2026-11-21T07:30:00Z"


async def test_mappings_of_other_topics_go_out_as_they_are(
    app: FastAPI, house: FakeHouse, token: str
) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        house.feed.publish("clip_deleted", CLIP, {"id": CLIP})

        assert await receive(socket) == {
            "type": "delta",
            "seq": 8,
            "topic": "clip_deleted",
            "key": CLIP,
            "data": {"id": CLIP},
        }


async def test_who_was_too_slow_gets_the_whole_state_again(
    house: FakeHouse, hash_file: Path, token: str
) -> None:
    app = small(house, hash_file, session=SessionLimits(queue=4))
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        for _ in range(50):  # at once: the session cannot have taken any of them in between
            house.feed.publish("camera", "yard", camera())
        messages = [await receive(socket)]
        while messages[-1]["type"] != "snapshot":
            messages.append(await receive(socket))
        house.feed.publish("camera", "yard", camera(motion=True))
        following = await receive(socket)

    assert len(messages) <= 5
    assert messages[-1]["seq"] == 57
    assert (following["type"], following["seq"]) == ("delta", 58)
    assert [subscription.closed for subscription in house.feed.subscriptions] == [True, True]


async def test_the_state_can_be_asked_for_again(app: FastAPI, house: FakeHouse, token: str) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        house.cameras.views["yard"] = camera(name="yard", recording=True)
        answer = await command(socket, type="snapshot")
        state = await receive(socket)

    assert answer == {"type": "result", "id": 1, "ok": True, "data": None}
    assert state["type"] == "snapshot"
    assert state["data"]["cameras"][0]["recording"] is True


async def test_a_client_that_leaves_leaves_nothing_behind(app: FastAPI, house: FakeHouse, token: str) -> None:
    async with running(app) as server:
        async with server.socket(bearer(token)) as socket:
            await past_snapshot(socket)
        await until(lambda: house.feed.subscriptions[0].closed)

    assert house.feed.subscriptions[0].closed


async def test_clients_are_counted_while_they_are_there(app: FastAPI, token: str) -> None:
    counts = app.state.runtime.counts
    async with running(app) as server:
        async with server.socket(bearer(token)) as socket:
            await past_snapshot(socket)
            during = counts.websockets
        await until(lambda: counts.websockets == 0)

    assert during == 1


async def test_who_reads_nothing_is_let_go(house: FakeHouse, hash_file: Path, token: str) -> None:
    app = small(house, hash_file, session=SessionLimits(send_timeout_s=0.1))
    async with running(app) as server:
        _, writer = await server.raw(
            "GET /api/v1/ws HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n"
            f"Sec-WebSocket-Version: 13\nSec-WebSocket-Key: {'A' * 22}==\nAuthorization: Bearer {token}\n\n"
        )
        await until(lambda: house.feed.subscriptions)
        for _ in range(100):
            house.feed.publish("other", "x", {"much": "x" * 200_000})
        await until(lambda: house.feed.subscriptions[0].closed)
        await until(lambda: app.state.runtime.counts.websockets == 0)
        writer.transport.abort()
