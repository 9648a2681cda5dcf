"""Changing one key of the configuration file: checked before it is written, comments and quoting kept."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from vigilar.config.document import Document, DocumentError, KeyPath
from vigilar.config.load import load_document
from vigilar.config.problems import ConfigError, Problem, dotted
from vigilar.files.durable import DurableFiles


def set_key(file: Path, key: str, value: str, files: DurableFiles) -> None:
    """Set the dotted `key` to `value` (as YAML) and save the file in one step.

    Nothing is written when the result would be a configuration with problems (ConfigError).
    """
    file = file.absolute()
    path: KeyPath = tuple(key.split("."))
    try:
        document = Document.read(file)
        _put(document, path, _parsed(file, path, value))
        changed = Document(file, document.text())
        load_document(changed)
    except DocumentError as err:
        raise ConfigError([Problem(err.file, err.line, dotted(err.path), str(err), err.right)]) from None
    mode = file.stat().st_mode & 0o777
    files.write_atomic(file.resolve(), changed.text().encode(), mode)


def _parsed(file: Path, path: KeyPath, value: str) -> Any:
    try:
        return YAML(typ="rt").load(value)
    except YAMLError:
        raise DocumentError(
            file.name, 0, path, "the value given is not valid YAML", "one value, quoted"
        ) from None


def _put(document: Document, path: KeyPath, value: Any) -> None:
    node: Any = document.root
    for depth, part in enumerate(path[:-1]):
        if part not in node or node[part] is None:
            node[part] = CommentedMap()
        node = node[part]
        if not isinstance(node, CommentedMap):
            kind = "a list" if isinstance(node, CommentedSeq) else "a single value"
            where = path[: depth + 1]
            raise DocumentError(document.path.name, document.line(where), where, f"is {kind} and has no keys")
    node[path[-1]] = value
