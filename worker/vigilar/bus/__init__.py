"""Typed messages between our processes (ZeroMQ over ipc)."""
