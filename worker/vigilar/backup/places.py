"""Where the things lie that a backup holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from vigilar.domain.settings import CoreSettings

SECRETS_NAME: Final = "secrets.yaml"
SERVER_ID_NAME: Final = "server_id"
TOKENS_NAME: Final = "api_token.hash"


@dataclass(frozen=True, slots=True)
class Places:
    """Of one installation. `left_out`: files the configuration names that a backup does not hold."""

    config_file: Path
    database: Path
    data_dir: Path
    key_dir: Path
    token_hash_file: Path
    storage_root: Path
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: CoreSettings, database: Path) -> Self:
        """Return those of a worker with these settings, whose database is this file."""
        key_dir = Path(settings.key_dir)
        tokens = settings.api.token_hash_file
        return cls(
            config_file=Path(settings.backup.config_file),
            database=database,
            data_dir=Path(settings.data_dir),
            key_dir=key_dir,
            token_hash_file=Path(tokens) if tokens else key_dir / TOKENS_NAME,
            storage_root=Path(settings.storage_root),
            left_out=settings.backup.left_out,
        )

    @property
    def secrets_file(self) -> Path:
        """The secrets beside the configuration."""
        return self.config_file.with_name(SECRETS_NAME)

    @property
    def server_id_file(self) -> Path:
        """This installation's id."""
        return self.data_dir / SERVER_ID_NAME
