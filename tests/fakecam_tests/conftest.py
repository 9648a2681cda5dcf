"""What the tests of the fake camera share."""

from fakecam.fixtures import camera_process, cameras

__all__ = ["camera_process", "cameras"]
