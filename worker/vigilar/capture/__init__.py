"""The capture process of one camera: stream → ring → recorder → sealed files. Opens no video decoder."""
