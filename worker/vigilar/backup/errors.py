"""What can go wrong with a backup. Texts name the file and what to do; never key material."""

from vigilar.domain.errors import VigilarError


class BackupError(VigilarError):
    """A backup could not be made, read or restored."""

    code = "backup"


class DamagedBackupError(BackupError):
    """The file is not what was once written: changed, cut off, or never a backup."""

    code = "damaged"


class WrongBackupKeyError(BackupError):
    """The key given does not open it."""

    code = "wrong_key"


class NewerBackupError(BackupError):
    """Made by a newer Vigilar."""

    code = "unsupported"
