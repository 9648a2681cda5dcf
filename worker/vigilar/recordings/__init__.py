"""Recordings: the index over the files, reading them, starring and deleting them."""
