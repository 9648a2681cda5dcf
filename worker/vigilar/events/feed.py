"""The feed of WebSocket clients: the whole state, then its changes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from vigilar.api.services import CameraService, HealthService
from vigilar.events.deltas import DeltaQueue, Deltas


class StateFeed:
    """Implements `Feed`."""

    def __init__(self, deltas: Deltas, cameras: CameraService, health: HealthService) -> None:
        self._deltas = deltas
        self._cameras = cameras
        self._health = health

    def snapshot(self) -> tuple[int, Mapping[str, Any]]:
        """Return (seq, {"cameras": […], "health": {…}}), JSON-able."""
        state = {"cameras": self._cameras.all(), "health": self._health.report()}
        return self._deltas.seq, msgspec.to_builtins(state)

    def subscribe(self, limit: int = 512) -> DeltaQueue:
        """Return a bounded queue of deltas that starts after the current seq."""
        return self._deltas.subscribe(limit)
