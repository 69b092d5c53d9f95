import stat
from pathlib import Path

import pytest

from lib import signing


def test_a_signature_verifies_with_the_public_half(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    signature = signing.sign(b"a model", key_file)
    signing.verify(b"a model", signature, signing.public_bytes(signing.signing_key(key_file)))


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    first = signing.public_bytes(signing.signing_key(key_file))
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert signing.public_bytes(signing.signing_key(key_file)) == first


def test_the_first_key_makes_its_folder(tmp_path: Path) -> None:
    signing.signing_key(tmp_path / "keys" / "models")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("data", [b"a mode1", b"", b"a model "])
def test_other_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    key_file = tmp_path / "key"
    signature = signing.sign(b"a model", key_file)
    with pytest.raises(signing.BadSignature):
        signing.verify(data, signature, signing.public_bytes(signing.signing_key(key_file)))


def test_another_key_is_refused(tmp_path: Path) -> None:
    signature = signing.sign(b"a model", tmp_path / "one")
    with pytest.raises(signing.BadSignature):
        signing.verify(b"a model", signature, signing.public_bytes(signing.signing_key(tmp_path / "two")))


def test_a_short_signature_is_refused(tmp_path: Path) -> None:
    with pytest.raises(signing.BadSignature):
        signing.verify(b"a model", b"short", signing.public_bytes(signing.signing_key(tmp_path / "key")))


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    signing.signing_key(key_file)
    key_file.chmod(0o644)
    with pytest.raises(signing.BadKey, match="0600"):
        signing.signing_key(key_file)


def test_a_truncated_key_is_refused(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_bytes(b"short")
    key_file.chmod(0o600)
    with pytest.raises(signing.BadKey, match="32"):
        signing.signing_key(key_file)
