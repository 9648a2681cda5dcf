"""The coverage ledger: when a camera was meant to be watched and was not."""
