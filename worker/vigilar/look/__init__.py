"""The process that decodes for all cameras: motion, zones, stills."""
