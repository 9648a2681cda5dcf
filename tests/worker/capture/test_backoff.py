from random import Random

import pytest

from vigilar.capture.backoff import Backoff


def test_waits_double_up_to_a_bound_for_ever() -> None:
    backoff = Backoff(Random(1))

    waits = [backoff.next() for _ in range(200)]

    for number, wait in enumerate(waits):
        step = min(15.0, 0.5 * 2.0 ** min(number, 30))
        assert step / 2 <= wait <= step


def test_a_connection_that_held_starts_it_anew_and_one_that_did_not_does_not() -> None:
    backoff = Backoff(Random(1))
    for _ in range(10):
        backoff.next()

    backoff.held(2)
    assert backoff.next() > 5
    backoff.held(20)
    assert backoff.next() <= 0.5


@pytest.mark.parametrize(("failures", "least"), [(0, 5), (8, 60)])
def test_a_refused_password_is_tried_rarely(failures: int, least: float) -> None:
    backoff = Backoff(Random(1))
    for _ in range(failures):
        backoff.next(refused=True)

    assert least <= backoff.next(refused=True) <= 120
