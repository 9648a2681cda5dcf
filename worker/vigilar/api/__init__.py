"""HTTP and WebSocket server: authenticates, validates, asks the injected services, answers."""
