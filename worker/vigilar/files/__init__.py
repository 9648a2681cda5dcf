"""Durable file operations: what is said to be on disk survives a power cut."""
