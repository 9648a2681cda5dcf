"""The YAML file itself: its lines, its `!secret` references, its comments when it is written back."""

import io
import re
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

type KeyPath = tuple[str | int, ...]
type Plain = Any
"""dict, list, str, int, float, bool or None, nested."""

SECRETS_FILE: Final = "secrets.yaml"
_QUOTED: Final = re.compile(r"'[^']{2,}'|\"[^\"]{2,}\"")
_DUPLICATE: Final = re.compile(r'found duplicate key "([^"]*)"')


class DocumentError(Exception):
    """The file cannot be read as a configuration at all, or a reference in it leads nowhere.

    `file` and `line` (from 1, 0 if unknown) say where, `path` which key; the text carries no value.
    """

    def __init__(self, file: str, line: int, path: KeyPath, message: str, right: str = "") -> None:
        super().__init__(message)
        self.file = file
        self.line = line
        self.path = path
        self.right = right


class Document:
    """One YAML mapping with its comments and lines."""

    def __init__(self, path: Path, text: str) -> None:
        """Parse `text` as the content of `path`. Raises DocumentError."""
        self.path = path
        self._yaml = YAML(typ="rt")
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096
        self.root = self._parse(text)

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Read the file. Raises DocumentError when it cannot be read or parsed."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except OSError as err:
            raise DocumentError(path.name, 0, (), f"cannot be read: {err.strerror}", str(path)) from err
        except UnicodeDecodeError as err:
            raise DocumentError(path.name, 0, (), "is not text", "a UTF-8 YAML file") from err

    def _parse(self, text: str) -> CommentedMap:
        name = self.path.name
        try:
            root = self._yaml.load(text)
        except DuplicateKeyError as err:
            key = _DUPLICATE.search(str(err.problem))
            said = f"the key {key[1]!r} stands here twice" if key else "a key stands here twice"
            raise DocumentError(name, _line_of(err), (), said, "each key once") from None
        except MarkedYAMLError as err:
            # ruamel quotes the file's own words, and one of them may be a password.
            said = _QUOTED.sub("…", str(err.problem or err.context or "cannot be understood"))
            raise DocumentError(name, _line_of(err), (), f"is not valid YAML: {said}") from None
        except (YAMLError, ValueError):
            raise DocumentError(name, 0, (), "is not valid YAML", "a UTF-8 YAML file") from None
        if root is None:
            return CommentedMap()
        if not isinstance(root, CommentedMap):
            raise DocumentError(
                name, 1, (), "should hold keys at its top", "cameras: and below it one per camera"
            )
        return root

    def line(self, path: KeyPath) -> int:
        """Return the line (from 1) of the key at `path`, or of the nearest key above it that is there."""
        node: Any = self.root
        line = 1
        for part in path:
            if isinstance(node, CommentedMap) and part in node:
                # Keys that came through a merge (`<<: *name`) have no line of their own here.
                line = node.lc.data[part][0] + 1 if part in (node.lc.data or {}) else line
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.data[part][0] + 1
            else:
                break
            node = node[part]
        return line

    def is_inline(self, path: KeyPath) -> bool:
        """Return whether the value at `path` stands in this file itself, not behind a reference."""
        node: Any = self.root
        for part in path:
            if not isinstance(node, (CommentedMap, CommentedSeq)) or (
                isinstance(node, CommentedMap) and part not in node
            ):
                return False
            node = node[part]
        return not isinstance(node, TaggedScalar)

    def plain(self) -> dict[str, Plain]:
        """Return the content as plain values, secrets filled in. Raises DocumentError."""
        return {str(key): _plain(value, (key,), self) for key, value in self.root.items()}

    def text(self) -> str:
        """Return the document as YAML, comments and quoting as they were."""
        out = io.StringIO()
        self._yaml.dump(self.root, out)
        return out.getvalue()

    def secret(self, name: str, path: KeyPath) -> Plain:
        """Return the secret `name` from the secrets file beside this one. Raises DocumentError."""
        file = self.path.with_name(SECRETS_FILE)
        if not file.exists():
            raise DocumentError(
                self.path.name,
                self.line(path),
                path,
                f"names a secret, but there is no {SECRETS_FILE} beside this file",
            )
        secrets = Document.read(file).root
        if name not in secrets:
            raise DocumentError(
                self.path.name, self.line(path), path, f"the secret {name!r} is not in {SECRETS_FILE}"
            )
        value = secrets[name]
        if isinstance(value, (CommentedMap, CommentedSeq, TaggedScalar)):
            raise DocumentError(
                file.name, 0, (name,), "should be a single value", f"{name}: and the value beside it"
            )
        return _scalar(value)


def _line_of(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 0


def _plain(node: Any, path: KeyPath, document: Document) -> Plain:
    match node:
        case TaggedScalar():
            if node.tag.value != "!secret":
                raise DocumentError(
                    document.path.name,
                    document.line(path),
                    path,
                    "carries a tag that is not known",
                    "!secret NAME",
                )
            return document.secret(str(node.value), path)
        case CommentedMap():
            for key in node:
                if not isinstance(key, str):
                    raise DocumentError(
                        document.path.name,
                        document.line((*path, key)),
                        path,
                        "holds a key that is not text",
                        "quotes",
                    )
            return {str(key): _plain(value, (*path, str(key)), document) for key, value in node.items()}
        case CommentedSeq():
            return [_plain(value, (*path, n), document) for n, value in enumerate(node)]
        case _:
            return _scalar(node)


def _scalar(value: Any) -> Plain:
    """Strip ruamel's own scalar types, which remember how they were written."""
    match value:
        case ScalarBoolean() | bool():
            return bool(value)
        case str():
            return str(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case _:
            return value
