"""What is wrong with a camera just now."""

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from fakecam.rtp import Payload


class Timestamps(StrEnum):
    """How the RTP timestamps misbehave: they stand still, or are off by a random amount."""

    NORMAL = "normal"
    FROZEN = "frozen"
    JITTER = "jitter"


@dataclass(slots=True)
class Faults:
    """The camera's troubles; all can be set while it serves.

    `stalled`: sends nothing, connections stay open. `hung`: sends nothing but sender reports. `muted`:
    accepts and never answers. `down`: refuses connections. `loss`: share of RTP packets dropped. `silent`:
    the sound has stopped. `jitter_s`: by how much timestamps may be off.
    """

    stalled: bool = False
    hung: bool = False
    muted: bool = False
    down: bool = False
    silent: bool = False
    loss: float = 0.0
    timestamps: Timestamps = Timestamps.NORMAL
    jitter_s: float = 0.0
    random: Random = field(default_factory=lambda: Random(1))

    def thinned(self, payload: Payload, stamped: bytearray) -> tuple[bytearray, tuple[int, ...]]:
        """Return what is left of a frame's packets after losses, and where each begins."""
        if not self.loss:
            return stamped, payload.starts
        out, starts = bytearray(), []
        for start, end in zip(payload.starts, (*payload.starts[1:], len(stamped)), strict=True):
            if self.random.random() >= self.loss:
                starts.append(len(out))
                out += stamped[start:end]
        return out, tuple(starts)
