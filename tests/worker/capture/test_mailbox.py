import select
import threading
from collections import deque

from vigilar.capture.mailbox import Mailbox


def readable(mailbox: Mailbox[int]) -> bool:
    return bool(select.select([mailbox.fd], [], [], 0)[0])


def test_mail_makes_it_readable_until_it_is_taken() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert not readable(mailbox)

    mailbox.post(1)
    mailbox.post(2)

    assert readable(mailbox)
    assert mailbox.take() == [1, 2]
    assert not readable(mailbox)


def test_waking_needs_no_mail() -> None:
    mailbox: Mailbox[int] = Mailbox()

    mailbox.wake()

    assert readable(mailbox)
    assert mailbox.take() == []


def test_nothing_is_lost_when_many_threads_post_more_than_the_pipe_holds() -> None:
    mailbox: Mailbox[int] = Mailbox()
    threads = [
        threading.Thread(target=lambda: deque(map(mailbox.post, range(20_000)), maxlen=0)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(mailbox.take()) == 80_000
    assert not readable(mailbox)
