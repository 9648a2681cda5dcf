"""A fake IP camera: scenes or files served over RTSP(S) and HTTP, with faults on demand.

For tests, benches and the demo. `fakecam.process.FakeCameraProcess` runs it as a process of its own,
`fakecam.thread.FakeCameraThread` inside a test, `python -m fakecam` from a shell.
"""
