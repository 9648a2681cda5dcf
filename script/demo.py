"""The demo: watch one or two cameras for a while, live in the terminal, and keep what moved.

Run by `script/demo`, which brings the environment.
"""

import argparse
import contextlib
import io
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "worker"), str(ROOT / "tests")]

from fakecam.process import FakeCameraProcess  # noqa: E402
from fakecam.scene import Ink  # noqa: E402
from fakecam.spec import CameraSpec  # noqa: E402
from rig.house import House, Json  # noqa: E402
from vigilar.media.address import redact  # noqa: E402

console = Console()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--camera",
        action="append",
        default=[],
        metavar="URL-or-file",
        help="a camera's RTSP/HTTP address or a video file (twice for two); without: a generated yard",
    )
    parser.add_argument("--seconds", type=float, help="stop by itself after so long; default: until Ctrl-C")
    parser.add_argument("--picture", type=Path, help="keep what was last seen with a recording as SVG")
    parser.add_argument("--folder", type=Path, default=ROOT / "demo-data", help="where everything is kept")
    return parser.parse_args()


@contextlib.contextmanager
def cameras(addresses: list[str]) -> Iterator[dict[str, Json]]:
    """Yield the configuration of the given cameras, or of a generated one that is served meanwhile."""
    if addresses:
        yield {f"camera_{n}": _given(address) for n, address in enumerate(addresses, 1)}
        return
    console.print(
        "No camera given: drawing a yard with somebody walking in (the first time takes a moment) …"
    )
    with FakeCameraProcess(
        [CameraSpec.yard("yard", ink=Ink.NONE), CameraSpec.yard("yard_sub", sub=True, ink=Ink.NONE)]
    ) as fake:
        yield {"yard": {"name": "Yard (generated)", "main": fake.url("yard"), "sub": fake.url("yard_sub")}}


def _given(address: str) -> Json:
    path = Path(address).expanduser()
    if path.exists():
        return {"name": path.name, "main": {"url": str(path.resolve()), "loop": True}}
    return {"name": redact(address), "main": address}


def table(views: list[dict[str, Any]], seconds_left: float | None) -> Table:
    """Draw one line per camera."""
    drawn = Table(title="Vigilar is watching", title_justify="left", expand=False)
    for heading in ("camera", "state", "fps", "motion", "recording", "last clip"):
        drawn.add_column(heading, no_wrap=heading != "last clip")
    for view in views:
        main = view["main"] or {}
        drawn.add_row(
            view["name"],
            Text(view["state"], style="green" if view["state"] == "online" else "yellow"),
            f"{main.get('fps', 0):.0f}" if main else "-",
            Text("moving", style="bold red") if view["motion"] else Text("still", style="dim"),
            Text("● REC", style="red") if view["recording"] else Text("ready", style="dim"),
            view["last_clip"] or Text("none yet", style="dim"),
        )
    drawn.caption = "Ctrl-C stops" + (f" · {seconds_left:.0f} s left" if seconds_left is not None else "")
    return drawn


def watch(house: House, seconds: float | None, picture: Path | None) -> None:
    """Keep the table on the screen until the time is up or somebody presses Ctrl-C."""
    end = time.monotonic() + seconds if seconds else None
    views: list[dict[str, Any]] = []
    with house.client() as client, Live(console=console, refresh_per_second=4) as live:
        while end is None or time.monotonic() < end:
            with contextlib.suppress(httpx2.HTTPError):
                views = client.get("/api/v1/cameras").json()["items"]
            shown = table(views, end - time.monotonic() if end else None)
            live.update(shown)
            if picture and any(view["recording"] and view["motion"] for view in views):
                keep_picture(shown, picture)
            time.sleep(0.5)


def keep_picture(shown: Table, path: Path) -> None:
    """Write the table as an SVG, without the fonts that rich would fetch from elsewhere."""
    recorder = Console(record=True, width=96, file=io.StringIO(), force_terminal=True)
    recorder.print(shown)
    drawn = recorder.export_svg(title="script/demo")
    path.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL))


def tell(house: House, began: float) -> None:
    """Say where the clips are and how to play one."""
    sealed = sorted((house.data / "clips").rglob("*.vge"), key=lambda path: path.stat().st_mtime)
    fresh = [path for path in sealed if path.stat().st_mtime >= began]
    if not fresh:
        console.print(f"Nothing moved, so there is no new clip. Worker's log: {_shown(house.log)}")
        return
    clips = "1 new clip" if len(fresh) == 1 else f"{len(fresh)} new clips"
    console.print(f"[bold]{clips}[/], encrypted, in {_shown(house.data / 'clips')}:")
    for path in fresh:
        console.print(f"  {path.name}  {path.stat().st_size / 1e6:.1f} MB")
    vigilar = _shown(Path(sys.executable).with_name("vigilar"))
    console.print("Play the newest one (decrypts to a plain file):")
    config, clip = _shown(house.config), _shown(fresh[-1])
    console.print(
        f"  {vigilar} vault decrypt -c {config} {clip} -o clip.mp4", soft_wrap=True, highlight=False
    )


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    return str(path)


def main() -> int:
    """Run the demo; 0 unless the worker did not come up or did not end cleanly."""
    asked = parse_arguments()
    began = time.time()
    with cameras(asked.camera) as configured:
        house = House(asked.folder.resolve(), configured, recording={"post_roll": 4})
        house.start()
        try:
            with console.status("Starting the worker …"):
                house.wait_ready(60)
            watch(house, asked.seconds, asked.picture)
        except KeyboardInterrupt:
            pass
        except (TimeoutError, RuntimeError) as err:
            console.print(str(err), style="red", highlight=False, markup=False)
            house.stop()
            return 1
        with console.status("Stopping: sealing what is still being recorded …"):
            code = house.stop()
    tell(house, began)
    return code


if __name__ == "__main__":
    sys.exit(main())
