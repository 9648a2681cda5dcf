import pytest

from vigilar.capture.meter import Meter
from worker.capture.footage import Camera


def test_rates_and_the_key_interval_are_measured() -> None:
    camera, meter = Camera(key_every=8), Meter()

    for chunk in camera.chunks(20):
        meter.take(chunk)

    facts = meter.facts()
    assert facts is not None
    assert (facts.video_codec, facts.width, facts.audio_codec) == ("h264", 1920, "flac")
    assert facts.fps == pytest.approx(4, rel=0.05)
    assert facts.bit_rate == pytest.approx(32_000, rel=0.05)
    assert facts.key_interval_s == pytest.approx(2)
    assert (meter.packets, meter.bytes) == (160, 80_000)


def test_before_the_first_picture_nothing_is_known() -> None:
    assert Meter().facts() is None


def test_a_new_session_is_measured_by_itself() -> None:
    camera, meter = Camera(key_every=4), Meter()
    for chunk in camera.chunks(5):
        meter.take(chunk)

    camera.reconnect(after_s=60)
    for chunk in camera.chunks(5):
        meter.take(chunk)

    facts = meter.facts()
    assert facts is not None
    assert facts.fps == pytest.approx(4, rel=0.1)
    assert facts.key_interval_s == pytest.approx(1)
