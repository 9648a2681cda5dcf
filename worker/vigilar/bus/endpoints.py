"""Where the processes meet: names of the sockets in the run directory."""

from pathlib import Path

from vigilar.domain.camera import CameraId


def core_endpoint(run_dir: Path | str) -> str:
    """Return the address of the core's Hub."""
    return _ipc(run_dir, "core")


def look_endpoint(run_dir: Path | str) -> str:
    """Return the address of look's Hub."""
    return _ipc(run_dir, "look")


def packets_endpoint(run_dir: Path | str, camera: CameraId) -> str:
    """Return the address where a camera's looked-at stream is published."""
    return _ipc(run_dir, f"packets-{camera}")


def live_endpoint(run_dir: Path | str, camera: CameraId) -> str:
    """Return the address where a camera's live MPEG-TS is published."""
    return _ipc(run_dir, f"live-{camera}")


def _ipc(run_dir: Path | str, name: str) -> str:
    return f"ipc://{Path(run_dir) / name}.sock"
