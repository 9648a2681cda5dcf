"""The `.vge` format: encrypted, tamper-evident, seekable recordings (docs/vge-format.md)."""
