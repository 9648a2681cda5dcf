"""Vigilar: offline-first home security. The worker."""

__version__ = "0.1.0"
