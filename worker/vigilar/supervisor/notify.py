"""Telling systemd how we are doing (the sd_notify protocol), if it asked."""

import os
from typing import Final, Self

_ENVIRONMENT: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """Sends states to `address`; does nothing without one. Never raises: nobody's recording hangs on it."""

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        """`watchdog_s`: how often systemd wants a sign of life, or None."""
        self.watchdog_s = watchdog_s
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address

    @classmethod
    def from_environment(cls) -> Self:
        """Take what systemd gave and remove it from the environment, so that no child speaks for us."""
        address, interval, pid = (os.environ.pop(name, None) for name in _ENVIRONMENT)
        ours = pid is None or pid == str(os.getpid())
        watchdog_s = int(interval) / 1e6 if interval and interval.isdecimal() and ours else None
        return cls(address, watchdog_s)

    def ready(self, status: str) -> None:
        """All children were started (again)."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={status}")

    def alive(self) -> None:
        """Sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """We were told to stop and are sealing files."""
        self._send("STOPPING=1\nSTATUS=sealing what is being recorded")

    def _send(self, state: str) -> None:
        if self._address is None:
            return
        import socket  # noqa: PLC0415 - half a megabyte that only systemd needs

        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto(state.encode(), self._address)
        except OSError:
            return  # a full or vanished socket: systemd's own watchdog judges that
