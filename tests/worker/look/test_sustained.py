"""What must hold before it counts."""

from vigilar.look.sustained import Sustained


def test_it_counts_only_after_it_has_held_without_a_break() -> None:
    wrong = Sustained(hold_ns=10, over_ns=5)
    for at_ns, so in ((1, True), (9, True), (10, False), (11, True), (20, True)):
        wrong.note(so, at_ns)
        assert not wrong.told
    wrong.note(True, 21)
    assert (wrong.told, wrong.first_ns, wrong.last_ns) == (True, 11, 21)


def test_it_is_over_only_after_it_has_been_gone_for_a_while() -> None:
    wrong = Sustained(hold_ns=0, over_ns=5)
    wrong.note(True, 1)
    wrong.note(False, 3)
    wrong.note(True, 4)
    wrong.note(False, 8)
    assert wrong.told
    wrong.note(False, 9)
    assert (wrong.told, wrong.suspected) == (False, False)
