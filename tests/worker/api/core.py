"""The real core as a process of its own, without cameras' processes: the real services answer."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx2

from vigilar.api.tokens import hash_file_of, new_token
from vigilar.domain.camera import RecordingMode
from vigilar.domain.settings import ApiSettings, CoreCamera, CoreSettings, MotionSettings


def settings_in(folder: Path, port: int) -> CoreSettings:
    """Return settings of a core with two cameras that are never there, all it keeps in `folder`."""
    cameras = tuple(
        CoreCamera(name, name.title(), True, RecordingMode.MOTION, MotionSettings(), False)
        for name in ("yard", "door")
    )
    storage = folder / "data"
    return CoreSettings(
        cameras=cameras,
        storage_root=str(storage),
        key_dir=str(storage / "keys"),
        data_dir=str(storage),
        run_dir=str(folder / "run"),
        api=ApiSettings(port=port),
    )


@contextmanager
def core(settings: CoreSettings, log: Path) -> Iterator[httpx2.Client]:
    """Run the core until the block ends; yield a client with a token. Its log is written to `log`."""
    Path(settings.run_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    token = new_token(hash_file_of(settings))
    reading, writing = os.pipe()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigilar.core", "--config-fd", str(reading)],
            pass_fds=[reading],
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
    os.close(reading)
    try:
        with os.fdopen(writing, "wb") as config:
            config.write(json.dumps(asdict(settings)).encode())
        address = f"http://127.0.0.1:{settings.api.port}"
        with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as client:
            _wait_until_it_answers(client, process, log)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(client: httpx2.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/health").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the core does not answer\n{log.read_text(errors='replace')[-3000:]}")
