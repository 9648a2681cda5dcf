from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from vigilar.bus.outstanding import RESEND_AFTER_NS, Outstanding

SECOND = 1_000_000_000


def ids(window: Outstanding, now_ns: int) -> list[bytes]:
    return [message_id for message_id, _ in window.due(now_ns)]


def test_a_message_is_due_at_once_and_again_two_seconds_after_each_sending() -> None:
    window = Outstanding()
    window.add(b"a", [b"x"])
    assert ids(window, 0) == [b"a"]

    window.sent(b"a", 0)

    assert ids(window, RESEND_AFTER_NS - 1) == []
    assert ids(window, RESEND_AFTER_NS) == [b"a"]


def test_an_acknowledged_message_is_not_sent_again() -> None:
    window = Outstanding()
    window.add(b"a", [b"x"])

    assert window.acknowledge(b"a")

    assert not window.acknowledge(b"a")
    assert ids(window, 10 * SECOND) == []


def test_a_full_window_drops_the_oldest_that_is_not_urgent_and_counts_it() -> None:
    window = Outstanding(limit=2)
    window.add(b"alarm", [b"x"], urgent=True)
    window.add(b"old", [b"x"])

    window.add(b"new", [b"x"])

    assert ids(window, 0) == [b"alarm", b"new"]
    assert window.dropped == 1


def test_a_window_full_of_urgent_messages_drops_the_oldest() -> None:
    window = Outstanding(limit=1)
    window.add(b"first", [b"x"], urgent=True)

    window.add(b"second", [b"x"], urgent=True)

    assert ids(window, 0) == [b"second"]


def test_a_newer_state_of_the_same_thing_replaces_the_older() -> None:
    window = Outstanding()
    window.add(b"1", [b"x"], topic="motion-7")
    window.add(b"2", [b"x"], topic="motion-8")

    window.add(b"3", [b"x"], topic="motion-7")

    assert ids(window, 0) == [b"2", b"3"]
    assert window.dropped == 0


def test_a_late_acknowledgement_of_the_older_state_leaves_the_newer_waiting() -> None:
    window = Outstanding()
    window.add(b"1", [b"x"], topic="motion")
    window.add(b"2", [b"x"], topic="motion")

    window.acknowledge(b"1")
    window.add(b"3", [b"x"], topic="motion")

    assert ids(window, 0) == [b"3"]


@given(
    st.lists(st.tuples(st.sampled_from(["add", "urgent", "ack", "sent"]), st.integers(0, 12)), max_size=60),
    st.integers(1, 6),
)
def test_the_window_never_exceeds_its_limit_and_loses_nothing_uncounted(
    steps: Sequence[tuple[str, int]], limit: int
) -> None:
    window = Outstanding(limit)
    added: set[bytes] = set()
    acknowledged: set[bytes] = set()
    for number, (step, pick) in enumerate(steps):
        match step:
            case "ack":
                key = str(pick).encode()
                if window.acknowledge(key):
                    acknowledged.add(key)
            case "sent":
                window.sent(str(pick).encode(), number)
            case _:
                key = str(number).encode()
                window.add(key, [key], urgent=step == "urgent")
                added.add(key)
        assert len(window) <= limit
    waiting = {key for key, _ in window.due(10**18, limit=1000)}
    assert waiting.isdisjoint(acknowledged)
    assert len(added) == len(acknowledged) + window.dropped + len(waiting)
