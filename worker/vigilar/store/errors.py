"""What can go wrong with the database."""

from vigilar.domain.errors import UnavailableError


class StoreError(UnavailableError):
    """The database did not do what was asked; asking again may help."""


class DamagedDatabaseError(StoreError):
    """The database file is not a database any more."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer version of Vigilar."""
