"""What a release says about itself, signed; and the check that not a byte of it has changed since."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings

from crm.privacy.models import Release
from lib import signing

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"


class AlteredRelease(Exception):
    """A file of the release is missing, extra or changed, or the manifest was signed by another key."""


def key_file() -> Path:
    """Return where the key that signs releases and certificates is kept."""
    path: Path = settings.KEY_DIR / "release_signing"
    return path


def folder_of(release: Release) -> Path:
    """Return the folder of a release."""
    return Path(settings.RELEASE_DIR) / release.path


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write(folder: Path, facts: dict[str, Any], rows: dict[str, int]) -> str:
    """Write the signed manifest of the files in `folder` (relative name → rows); return the manifest's SHA-256."""
    files = {
        name: {"rows": count, "bytes": (folder / name).stat().st_size, "sha256": digest(folder / name)}
        for name, count in sorted(rows.items())
    }
    text = json.dumps({"format": FORMAT, **facts, "files": files}, sort_keys=True, indent=1).encode()
    (folder / MANIFEST).write_bytes(text)
    (folder / SIGNATURE).write_bytes(signing.sign(text, key_file()))
    for name in (MANIFEST, SIGNATURE):
        (folder / name).chmod(0o600)
    return hashlib.sha256(text).hexdigest()


def verify(release: Release) -> dict[str, Any]:
    """Return the manifest of a release after checking the signature and every file; raise AlteredRelease."""
    folder = folder_of(release)
    try:
        text, signature = (folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes()
    except OSError as error:
        raise AlteredRelease(f"release {release.pk} has no signed manifest") from error
    try:
        signing.verify(text, signature, signing.public_bytes(signing.signing_key(key_file())))
    except signing.BadSignature as error:
        raise AlteredRelease(f"the manifest of release {release.pk} was not signed by us") from error
    if hashlib.sha256(text).hexdigest() != release.manifest_sha256:
        raise AlteredRelease(f"the manifest is not that of release {release.pk}")
    manifest: dict[str, Any] = json.loads(text)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if strange := found ^ (set(manifest["files"]) | {MANIFEST, SIGNATURE}):
        raise AlteredRelease(f"missing or extra files in release {release.pk}: {', '.join(sorted(strange))}")
    for name, entry in manifest["files"].items():
        if digest(folder / name) != entry["sha256"]:
            raise AlteredRelease(f"{name} of release {release.pk} was altered")
    return manifest
