"""Writes configuration files for the tests of this room."""

from pathlib import Path
from textwrap import dedent

from vigilar.config.load import Loaded, load
from vigilar.config.problems import ConfigError, Problem


def written(folder: Path, text: str, secrets: str = "") -> Path:
    """Write `vigilar.yaml` (and `secrets.yaml`) and return its path."""
    file = folder / "vigilar.yaml"
    file.write_text(dedent(text).lstrip("\n"))
    if secrets:
        (folder / "secrets.yaml").write_text(dedent(secrets).lstrip("\n"))
        (folder / "secrets.yaml").chmod(0o600)
    return file


def loaded(folder: Path, text: str, secrets: str = "") -> Loaded:
    """Return what a configuration comes to."""
    return load(written(folder, text, secrets))


def problems(folder: Path, text: str, secrets: str = "") -> tuple[Problem, ...]:
    """Return what is wrong with a configuration; fails when nothing is."""
    try:
        load(written(folder, text, secrets))
    except ConfigError as err:
        return err.problems
    raise AssertionError("nothing was found wrong")
