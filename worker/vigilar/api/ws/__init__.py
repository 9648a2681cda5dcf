"""The WebSocket: state as it changes, and commands with results."""
