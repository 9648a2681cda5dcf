"""Guessing gets slower, and costs no memory."""

from hypothesis import given
from hypothesis import strategies as st

from vigilar.api.throttle import Throttle
from worker.api.fakes import FakeClock


def test_a_few_mistakes_cost_nothing_then_each_costs_twice_the_last() -> None:
    throttle = Throttle(FakeClock())

    held = [throttle.failed("192.0.2.1") for _ in range(12)]

    assert held == [0, 0, 0, 0, 0.25, 0.5, 1, 2, 4, 4, 4, 4]


def test_each_address_pays_for_itself() -> None:
    throttle = Throttle(FakeClock())
    for _ in range(9):
        throttle.failed("192.0.2.1")

    assert throttle.failed("192.0.2.2") == 0


def test_hosts_of_one_ipv6_network_count_as_one() -> None:
    throttle = Throttle(FakeClock())

    held = [throttle.failed(f"2001:db8::{n:x}") for n in range(1, 7)]

    assert held[-1] > 0
    assert throttle.failed("2001:db8:0:1::1") == 0


def test_mistakes_are_forgotten_after_five_quiet_minutes() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(9):
        throttle.failed("192.0.2.1")
    clock.advance(301)

    assert throttle.failed("192.0.2.1") == 0


@given(st.lists(st.integers(0, 2**32 - 1), max_size=300))
def test_whoever_comes_memory_is_bounded_and_no_answer_is_held_for_longer_than_four_seconds(
    hosts: list[int],
) -> None:
    throttle = Throttle(FakeClock())

    for host in hosts:
        assert 0 <= throttle.failed(f"10.{host % 3}.{host % 5}.1") <= 4
    assert throttle.total == len(hosts)


def test_at_most_1024_addresses_are_remembered() -> None:
    throttle = Throttle(FakeClock())

    for n in range(3000):
        throttle.failed(f"10.0.{n // 250}.{n % 250}")

    assert len(throttle) == 1024
