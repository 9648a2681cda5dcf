"""The core process: the composition root. It alone wires concrete things together."""
