from hypothesis import given
from hypothesis import strategies as st

from vigilar.supervisor.backoff import LONGEST_S, STABLE_S, Backoff


def test_first_restart_is_immediate_then_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(lambda: 0.0)

    waits = [backoff.after(ran_s=1.0) for _ in range(9)]

    assert waits == [0.0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_child_that_ran_stable_starts_anew() -> None:
    backoff = Backoff(lambda: 1.0)
    for _ in range(5):
        backoff.after(1.0)

    assert backoff.after(STABLE_S) == 0.5


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1)), max_size=3000))
def test_no_history_makes_a_wait_negative_or_too_long(history: list[tuple[float, float]]) -> None:
    jitters = iter([jitter for _, jitter in history])
    backoff = Backoff(lambda: next(jitters))

    waits = [backoff.after(ran_s) for ran_s, _ in history]

    assert all(0 <= wait <= LONGEST_S for wait in waits)
    assert all(wait <= 0.5 for wait, (ran_s, _) in zip(waits, history, strict=True) if ran_s >= STABLE_S)
