"""From a file to settings that can be used, or to a list of everything that is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vigilar.config.document import Document, DocumentError
from vigilar.config.problems import ConfigError, Problem, dotted, problems_of
from vigilar.config.resolve import Resolver
from vigilar.config.tree import VigilarConfig
from vigilar.domain.settings import CaptureSettings, CoreSettings, LookSettings


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that was found good: what each process is to be told, and what deserves a look.

    `captures` and `look` hold enabled cameras only; `core` holds all.
    """

    file: Path
    core: CoreSettings
    look: LookSettings
    captures: tuple[CaptureSettings, ...]
    warnings: tuple[Problem, ...]


def load(file: Path) -> Loaded:
    """Read and check a configuration file. Raises ConfigError with every problem found."""
    file = file.absolute()
    try:
        document = Document.read(file)
        return load_document(document)
    except DocumentError as err:
        raise ConfigError([_problem_of(err)]) from None


def load_document(document: Document) -> Loaded:
    """Check an already parsed document. Raises ConfigError, DocumentError."""
    try:
        config = VigilarConfig.model_validate(document.plain())
    except ValidationError as err:
        raise ConfigError(problems_of(err, document, VigilarConfig)) from None
    resolver = Resolver(document, config)
    core, look, captures = resolver.core(), resolver.look(), resolver.captures()
    if resolver.problems:
        raise ConfigError(sorted(resolver.problems, key=lambda problem: problem.line))
    return Loaded(document.path, core, look, captures, tuple(resolver.warnings))


def _problem_of(error: DocumentError) -> Problem:
    return Problem(error.file, error.line, dotted(error.path), str(error), error.right)
