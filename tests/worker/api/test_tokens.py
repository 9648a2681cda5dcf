"""Tokens: shown once, kept as hashes."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vigilar.api.tokens import TokenFileError, digest_of, hash_file_of, new_token, read_tokens, revoke_token
from vigilar.domain.errors import InvalidRequestError, NotFoundError
from vigilar.domain.settings import ApiSettings, CoreSettings
from vigilar.files.durable import DurableFiles, Operation


def test_only_the_hash_is_kept_and_only_for_the_owner_to_read(hash_file: Path) -> None:
    token = new_token(hash_file)

    assert token not in hash_file.read_text()
    assert digest_of(token).hex() in hash_file.read_text()
    assert stat.S_IMODE(hash_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(hash_file.parent.stat().st_mode) == 0o700


def test_tokens_are_long_and_never_the_same(hash_file: Path) -> None:
    tokens = {new_token(hash_file) for _ in range(8)}

    assert len(tokens) == 8
    assert all(token.startswith("vgl_") and len(token) == 4 + 43 for token in tokens)


def test_a_new_token_voids_the_older_of_its_name_and_no_other(hash_file: Path) -> None:
    new_token(hash_file, name="panel")
    kept = new_token(hash_file, name="phone")
    newer = new_token(hash_file, name="panel")

    assert {each.name: each.sha256 for each in read_tokens(hash_file)} == {
        "panel": digest_of(newer).hex(),
        "phone": digest_of(kept).hex(),
    }


def test_a_token_can_be_withdrawn(hash_file: Path) -> None:
    new_token(hash_file, name="panel")
    revoke_token(hash_file, "panel")

    assert read_tokens(hash_file) == ()
    with pytest.raises(NotFoundError, match="panel"):
        revoke_token(hash_file, "panel")


@pytest.mark.parametrize("name", ["", "Panel", "../panel", "a" * 49, "-x", "panel\n"])
def test_names_that_are_no_slugs_are_refused(hash_file: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="token name"):
        new_token(hash_file, name=name)

    assert not hash_file.exists()


def test_there_are_at_most_64(hash_file: Path) -> None:
    for n in range(64):
        new_token(hash_file, name=f"n{n}")

    with pytest.raises(InvalidRequestError, match="64"):
        new_token(hash_file, name="one_more")
    assert len(read_tokens(hash_file)) == 64


def test_tokens_made_at_the_same_moment_are_all_kept(hash_file: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: new_token(hash_file, name=f"n{n}"), range(16)))

    assert {each.name for each in read_tokens(hash_file)} == {f"n{n}" for n in range(16)}


class _FullDisk(DurableFiles):
    def before(self, operation: Operation, target: str) -> None:
        if operation is Operation.SYNC:
            raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_older_tokens_in_force(hash_file: Path) -> None:
    new_token(hash_file, name="panel")
    before = read_tokens(hash_file)

    with pytest.raises(TokenFileError, match="No space left"):
        new_token(hash_file, name="panel", files=_FullDisk())

    assert read_tokens(hash_file) == before
    assert not list(hash_file.parent.glob("*.tmp"))


def test_a_file_that_others_may_write_is_refused(hash_file: Path) -> None:
    new_token(hash_file)
    hash_file.chmod(0o620)

    with pytest.raises(TokenFileError, match="chmod 600"):
        read_tokens(hash_file)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": "1", "tokens": []}'])
def test_a_file_that_is_not_ours_is_refused(hash_file: Path, content: bytes) -> None:
    hash_file.parent.mkdir()
    hash_file.touch(0o600)
    hash_file.write_bytes(content)

    with pytest.raises(TokenFileError, match="not a token file"):
        read_tokens(hash_file)


def test_a_file_of_a_newer_version_is_refused(hash_file: Path) -> None:
    hash_file.parent.mkdir()
    hash_file.touch(0o600)
    hash_file.write_text('{"version": 2, "tokens": []}')

    with pytest.raises(TokenFileError, match="newer"):
        read_tokens(hash_file)


def test_the_hashes_lie_beside_the_keys_unless_told_otherwise() -> None:
    settings = CoreSettings((), "/s", "/s/keys", "/d", "/r")
    told = CoreSettings((), "/s", "/s/keys", "/d", "/r", api=ApiSettings(token_hash_file="/etc/h"))

    assert hash_file_of(settings) == Path("/s/keys/api_token.hash")
    assert hash_file_of(told) == Path("/etc/h")
