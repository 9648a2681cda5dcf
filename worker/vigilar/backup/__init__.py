"""Backups: what only this box holds, in one encrypted file that the recovery key opens (docs/backup.md)."""
