"""How the camera asks for its password."""

import base64
import hashlib
import re

import pytest

from fakecam.auth import Gate
from fakecam.spec import Auth, CameraSpec


def gate(auth: Auth, password: str = "swordfish") -> Gate:
    return Gate(CameraSpec("door", user="guard", password=password, auth=auth))


def digest(challenge: str, password: str, *, algorithm: str = "md5", nonce: str = "") -> str:
    """Return the header a client would answer a challenge with, as RFC 7616 has it (no qop)."""
    found = re.search(r'nonce="(\w+)"', challenge)
    assert found
    nonce = nonce or found[1]

    def h(text: str) -> str:
        return hashlib.new(algorithm, text.encode()).hexdigest()

    response = h(f"{h(f'guard:door:{password}')}:{nonce}:{h('DESCRIBE:rtsp://x/door')}")
    return f'Digest username="guard", nonce="{nonce}", uri="rtsp://x/door", response="{response}"'


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(("auth", "algorithm"), [(Auth.DIGEST, "md5"), (Auth.DIGEST_SHA256, "sha256")])
def test_digest_admits_the_right_password_only(auth: Auth, algorithm: str) -> None:
    door = gate(auth)
    (challenge,) = door.challenge()

    assert door.admits("DESCRIBE", digest(challenge, "swordfish", algorithm=algorithm))
    assert not door.admits("DESCRIBE", digest(challenge, "wrong", algorithm=algorithm))
    assert not door.admits("PLAY", digest(challenge, "swordfish", algorithm=algorithm))


def test_a_nonce_it_never_gave_is_refused() -> None:
    door = gate(Auth.DIGEST)

    assert not door.admits("DESCRIBE", digest(door.challenge()[0], "swordfish", nonce="feed"))


def test_basic_admits_the_right_password_only() -> None:
    door = gate(Auth.BASIC)

    assert door.admits("DESCRIBE", basic("guard:swordfish"))
    assert not door.admits("DESCRIBE", basic("guard:wrong"))
    assert not door.admits("DESCRIBE", "Basic !!!")
    assert not door.admits("DESCRIBE", "")


def test_basic_is_refused_where_digest_is_asked() -> None:
    assert not gate(Auth.DIGEST).admits("DESCRIBE", basic("guard:swordfish"))


def test_either_will_do_where_both_are_offered() -> None:
    door = gate(Auth.BOTH)
    challenges = door.challenge()

    assert [challenge.split()[1] for challenge in challenges] == ["Digest", "Basic"]
    assert door.admits("DESCRIBE", basic("guard:swordfish"))
    assert door.admits("DESCRIBE", digest(challenges[0], "swordfish"))


def test_a_user_alone_means_digest() -> None:
    assert CameraSpec("door", user="guard", password="x").asks is Auth.DIGEST
    assert CameraSpec("door").asks is Auth.NONE
