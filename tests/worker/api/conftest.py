"""An application over fakes, and clients of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from vigilar.api.app import create_app
from vigilar.api.auth import TokenAuth
from vigilar.api.tokens import new_token
from worker.api.fakes import FakeClock, FakeHouse


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


@pytest.fixture
def hash_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "api_token.hash"


@pytest.fixture
def token(hash_file: Path) -> str:
    return new_token(hash_file, name="panel")


@pytest.fixture
def app(house: FakeHouse, hash_file: Path, token: str) -> FastAPI:
    return create_app(
        house.services(), auth=TokenAuth(hash_file), version="9.8.7", server_id="house-1", clock=FakeClock()
    )


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(app: FastAPI, token: str) -> Iterator[TestClient]:
    """A client with one."""
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
        yield client
