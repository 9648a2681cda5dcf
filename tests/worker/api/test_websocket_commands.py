"""The WebSocket: what can be commanded, and how it is answered."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from vigilar.api.ws.session import SessionLimits
from vigilar.domain.camera import RecordingMode
from worker.api.conversation import CLIP, bearer, closed, command, past_snapshot, small
from worker.api.fakes import TICKET, FakeHouse, camera, event
from worker.api.running import receive, running

pytestmark = pytest.mark.anyio


async def test_commands_are_carried_out_and_answered(app: FastAPI, house: FakeHouse, token: str) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        answers = [
            await command(socket, type="ping"),
            await command(socket, type="camera.record", camera="yard", seconds=12),
            await command(socket, type="camera.change", camera="yard", mode="off", motion={"sensitivity": 7}),
            await command(socket, type="camera.live_ticket", camera="yard"),
            await command(socket, type="camera.revoke_live_tickets", camera="yard"),
            await command(socket, type="clip.star", clip=CLIP, starred=True),
            await command(socket, type="event.acknowledge", event=event(0).id),
            await command(socket, type="clip.delete", clip=CLIP),
        ]

    assert {(answer["id"], answer["ok"]) for answer in answers} == {(1, True)}
    ping, record, change, ticket, revoked, star, acknowledged, deleted = (
        answer["data"] for answer in answers
    )
    assert (ping, deleted) == (None, None)
    assert record == {"clip_id": "yard_20261121T073000Z"}
    assert (change["mode"], change["motion_settings"]["sensitivity"]) == ("off", 7)
    assert ticket["path"] == f"/api/v1/live/{TICKET}.ts"
    assert revoked == {"revoked": 1}
    assert star["starred"] is True
    assert acknowledged["acknowledged"] == "2026-11-21T07:30:00Z"
    assert house.cameras.views["yard"].mode is RecordingMode.OFF
    assert house.cameras.asked == [("record", "yard", 12.0)]
    assert house.clips.deleted == [(CLIP, "api:panel")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "camera.record", "camera": "cellar"}, "not_found"),
        ({"type": "camera.record", "camera": "door"}, "unavailable"),
        ({"type": "camera.record", "camera": "../door"}, "invalid_request"),
        ({"type": "camera.record", "camera": "yard", "seconds": 1e9}, "invalid_request"),
        ({"type": "camera.record"}, "invalid_request"),
        ({"type": "ping", "extra": 1}, "invalid_request"),
        ({"type": "nothing"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_its_code(
    app: FastAPI, house: FakeHouse, token: str, fields: dict[str, Any], code: str
) -> None:
    house.cameras.away.add("door")
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        failed = await command(socket, **fields)
        after = await command(socket, type="ping")

    assert (failed["id"], failed["ok"], failed["error"]["code"]) == (1, False, code)
    assert after["ok"] is True


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"id": "x"}', '{"id": true}', "[" * 20_000, b"\x01"])
async def test_what_is_no_command_is_answered_too(app: FastAPI, token: str, text: str | bytes) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        await socket.send(text)
        failed = await receive(socket)
        after = await command(socket, type="ping")

    assert (failed["type"], failed["error"]["code"]) == ("error", "invalid_request")
    assert after["ok"] is True


async def test_a_message_too_large_ends_the_connection(app: FastAPI, token: str) -> None:
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        await socket.send("x" * 70_000)
        assert await closed(socket) == 1009


async def test_a_slow_command_holds_up_neither_state_nor_other_commands(
    app: FastAPI, house: FakeHouse, token: str
) -> None:
    house.cameras.hold = asyncio.Event()
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        await socket.send(json.dumps({"id": 5, "type": "camera.record", "camera": "yard"}))
        assert (await command(socket, type="ping"))["ok"] is True
        house.feed.publish("camera", "yard", camera())
        assert (await receive(socket))["type"] == "delta"
        house.cameras.hold.set()
        assert (await receive(socket))["id"] == 5


async def test_only_so_many_commands_are_carried_out_at_once(
    house: FakeHouse, hash_file: Path, token: str
) -> None:
    house.cameras.hold = asyncio.Event()
    app = small(house, hash_file, session=SessionLimits(commands=2))
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        for n in range(5):
            await socket.send(json.dumps({"id": n, "type": "camera.record", "camera": "yard"}))
        house.feed.publish("camera", "yard", camera())
        await receive(socket)
        begun = len(house.cameras.asked)
        house.cameras.hold.set()
        answers = [await receive(socket) for _ in range(5)]

    assert begun <= 2
    assert sorted(answer["id"] for answer in answers) == [0, 1, 2, 3, 4]


async def test_what_breaks_inside_is_answered_without_details(
    app: FastAPI, house: FakeHouse, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(camera: str) -> Any:
        raise RuntimeError("rtsp://admin:canary@192.0.2.1")

    monkeypatch.setattr(house.live, "issue", broken)
    async with running(app) as server, server.socket(bearer(token)) as socket:
        await past_snapshot(socket)
        failed = await command(socket, type="camera.live_ticket", camera="yard")

    assert failed["error"]["code"] == "internal"
    assert "canary" not in json.dumps(failed)
