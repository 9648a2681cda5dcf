from vigilar.bus.seen import Seen, Sight


def test_an_id_is_new_once_then_in_work_then_done() -> None:
    seen = Seen()

    assert seen.look(b"a") is Sight.NEW
    assert seen.look(b"a") is Sight.IN_WORK
    seen.finish(b"a")
    assert seen.look(b"a") is Sight.DONE


def test_a_failed_handling_makes_the_id_new_again() -> None:
    seen = Seen()
    seen.look(b"a")

    seen.forget(b"a")

    assert seen.look(b"a") is Sight.NEW


def test_only_the_newest_ids_are_remembered() -> None:
    seen = Seen(memory=2)
    for message_id in (b"a", b"b", b"c"):
        seen.look(message_id)
        seen.finish(message_id)

    assert seen.look(b"b") is Sight.DONE
    assert seen.look(b"a") is Sight.NEW
