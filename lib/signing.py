"""Ed25519 signatures over bytes: who wrote this file, and has a byte of it changed since?

The private key lives in one file that only its owner may read. It is made on first use.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64


class BadKey(Exception):
    """The key file is not 32 raw bytes, or others may read it."""


class BadSignature(Exception):
    """The signature was not made by this key over these bytes."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The private key in `path` (32 raw bytes), made there with mode 0600 (and its folder) if the file does not exist.

    Raises BadKey when the file has another length or can be read by group or others.
    """
    # Where the other keys come from elsewhere, nothing has made the folder of keys yet.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    key = Ed25519PrivateKey.generate()
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes_raw())
        file.flush()
        os.fsync(file.fileno())
    return key


def _read_key(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & 0o077:
        raise BadKey(f"{path.name} may be read by others; set its mode to 0600")
    raw = path.read_bytes()
    if len(raw) != KEY_BYTES:
        raise BadKey(f"{path.name} holds {len(raw)} bytes, not {KEY_BYTES}")
    return Ed25519PrivateKey.from_private_bytes(raw)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half, safe to publish beside what was signed."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign(data: bytes, key_file: Path) -> bytes:
    """The 64-byte signature of `data` by the key in `key_file` (made on first use)."""
    return signing_key(key_file).sign(data)


def verify(data: bytes, signature: bytes, public: bytes) -> None:
    """Return when `signature` is that of `data` by the key whose public half is `public`; else raise BadSignature."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not match") from error
