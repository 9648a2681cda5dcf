"""Retention: what has to go so that recording can go on, in which order, and how long the room lasts."""
