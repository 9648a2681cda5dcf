"""Makes guessing slow: how long the answer to a wrong token is held back."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

from vigilar.domain.clock import NANOSECONDS, Clock

_FREE: Final = 4
_FIRST_S: Final = 0.25
_LONGEST_S: Final = 4.0
_FORGET_S: Final = 300.0
_MAX_ADDRESSES: Final = 1024


class Throttle:
    """Counts wrong tokens by address, for the 1024 addresses that failed last. Not thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self.total = 0

    def failed(self, address: str) -> float:
        """Note a wrong token and return how many seconds its answer is to be held back (0…4)."""
        self.total += 1
        key = _network_of(address)
        now = self._clock.monotonic_ns()
        count, last = self._failures.pop(key, (0, now))
        count = 1 if now - last > _FORGET_S * NANOSECONDS else count + 1
        self._failures[key] = (count, now)
        if len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)
        beyond = count - _FREE
        return 0.0 if beyond <= 0 else min(_FIRST_S * 2.0 ** min(beyond - 1, 16), _LONGEST_S)

    def __len__(self) -> int:
        return len(self._failures)


def _network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 any IPv6 host can pick addresses from."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return parsed.packed[:8].hex()
    return str(parsed)
