import pytest

from vigilar.capture.__main__ import descriptors
from vigilar.capture.control import read_settings
from vigilar.domain.errors import InvalidRequestError
from vigilar.domain.settings import CaptureSettings

CANARY = "s3cret-canary"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json " + CANARY.encode(),
        b'{"camera": "door", "main": {"url": "rtsp://u:%s@h/"}, "sub": "%s"}' % ((CANARY.encode(),) * 2),
        b'{"camera": "door", "main": {"url": "rtsp://u:%s@h/", "transport": "%s"}}'
        % ((CANARY.encode(),) * 2),
    ],
)
def test_settings_that_cannot_be_read_are_refused_without_a_word_of_what_they_hold(data: bytes) -> None:
    with pytest.raises(InvalidRequestError) as told:
        read_settings(data, CaptureSettings)

    assert CANARY not in str(told.value)
    assert told.value.__cause__ is None


def test_the_descriptors_are_read_from_the_arguments() -> None:
    assert descriptors(["--config-fd", "7", "--lifeline-fd", "9"]) == (7, 9)
    assert descriptors(["--config-fd", "7"]) == (7, None)


@pytest.mark.parametrize(
    "argv",
    [[], ["--config-fd"], ["--config-fd", "x"], ["--lifeline-fd", "3"], ["--config-fd", "7", "--what", "8"]],
)
def test_arguments_that_are_not_ours_are_refused(argv: list[str]) -> None:
    assert descriptors(argv) is None
