"""What can go wrong with the vault. Texts name the file or the key and what to do; never key material."""


class VaultError(Exception):
    """Root of the vault's errors. `code` is stable and safe to show to programs."""

    code = "vault"


class KeyMissingError(VaultError):
    """A key file is not where it should be."""

    code = "key_missing"


class FileMissingError(VaultError):
    """There is no such recording (any more)."""

    code = "not_found"


class WrongKeyError(VaultError):
    """None of the keys given opens this file."""

    code = "wrong_key"


class BadKeyError(VaultError):
    """What was given as a key, recovery text or passphrase is not one."""

    code = "bad_key"


class DamagedError(VaultError):
    """The file is not what was once written: changed, cut off, or never a recording."""

    code = "damaged"


class UnsupportedError(VaultError):
    """Written by a newer version, or too large for this one."""

    code = "unsupported"


class InUseError(VaultError):
    """Somebody is writing this file right now, or it exists already."""

    code = "in_use"


class WriteFailedError(VaultError):
    """The disk refused; what was synced before is safe, the file can be recovered, nothing is retried."""

    code = "write_failed"
