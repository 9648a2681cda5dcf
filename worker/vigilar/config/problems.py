"""What is wrong with a configuration: one line per bad key, with its file, line and what would be right."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAliasType, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from vigilar.config.document import Document, KeyPath
from vigilar.domain.errors import VigilarError
from vigilar.logs import without_credentials


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `key`: the dotted path, empty for the whole file; `line`: from 1, 0 if unknown."""

    file: str
    line: int
    key: str
    message: str
    right: str = ""

    def __str__(self) -> str:
        """Return the line a person reads."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        right = f" (would be right: {self.right})" if self.right else ""
        # A misplaced address may turn up as a key: its credentials must not.
        return without_credentials(f"{where}:{key} {self.message}{right}")


class ConfigError(VigilarError):
    """The configuration cannot be used; `problems` holds every finding, the text one line for each."""

    code = "invalid_configuration"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(path: KeyPath) -> str:
    """Return `cameras.front.motion.include.porch[2]` for a path."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def problem_at(document: Document, path: KeyPath, message: str, right: str = "") -> Problem:
    """Return a problem of the key at `path`."""
    return Problem(document.path.name, document.line(path), dotted(path), message, right)


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Return what a validation found, in the order of the file, without any value that was given."""
    entries: list[dict[str, Any]] = [dict(entry) for entry in error.errors(include_input=False)]
    paths: set[KeyPath] = {entry["loc"] for entry in entries}
    # A list whose item is bad is reported as too short as well: the deeper finding says it all.
    deepest = [entry for entry in entries if not any(_inside(path, entry["loc"]) for path in paths)]
    return sorted((_problem(entry, document, model) for entry in deepest), key=lambda problem: problem.line)


def _inside(path: KeyPath, outer: KeyPath) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer and path[len(outer)] != "[key]"


def _problem(entry: Mapping[str, Any], document: Document, model: type[BaseModel]) -> Problem:
    path: KeyPath = tuple(part for part in entry["loc"] if part != "[key]")
    if entry["type"] == "extra_forbidden":
        return _unknown(document, path, model)
    right = _right(model, path)
    match entry["type"]:
        case "missing":
            message = "is missing"
        case "string_type":
            message = "should be text; a number or date that is meant as text belongs in quotes"
        case "model_type" | "model_attributes_type" | "dict_type":
            message = "should hold keys of its own"
        case "string_pattern_mismatch":
            message = "does not have the right form"
        case "value_error":
            message = str(entry["ctx"]["error"])
        case _:
            message = entry["msg"].removeprefix("Input ")
    return problem_at(document, path, message, right)


def _unknown(document: Document, path: KeyPath, model: type[BaseModel]) -> Problem:
    owner = _model_at(model, path[:-1])
    names = list(owner.model_fields) if owner else []
    close = difflib.get_close_matches(str(path[-1]), names, n=1)
    message = f"unknown key, did you mean {close[0]!r}?" if close else "unknown key"
    return problem_at(document, path, message, f"one of {', '.join(names)}")


def _right(model: type[BaseModel], path: KeyPath) -> str:
    """Return what the nearest described field on the way to `path` says of itself."""
    for end in range(len(path), 0, -1):
        owner = _model_at(model, path[: end - 1])
        field = owner.model_fields.get(str(path[end - 1])) if owner else None
        if field is not None and field.description:
            example = f", for example {field.examples[0]}" if field.examples else ""
            return field.description[0].lower() + field.description[1:].rstrip(".") + example
    return ""


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return the model that holds the keys at `path`, if that place has one."""
    owner: type[BaseModel] | None = model
    inside: Any = None
    for part in path:
        if inside is not None:  # the path's part names an entry of a mapping, e.g. a camera
            owner, inside = _as_model(inside), None
            continue
        field: FieldInfo | None = owner.model_fields.get(str(part)) if owner else None
        if field is None:
            return None
        owner = _as_model(field.annotation)
        if get_origin(field.annotation) is dict:
            owner, inside = None, get_args(field.annotation)[1]
    return owner


def _as_model(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside `Model`, `Model | None`, `Annotated[Model, …]` or an alias of these."""
    if isinstance(annotation, TypeAliasType):
        return _as_model(annotation.__value__)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _as_model(part))), None)
