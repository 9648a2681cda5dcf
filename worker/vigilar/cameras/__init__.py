"""The cameras as they are now, and what can be asked of them."""
