"""A signed folder of arrays, JSON and frames: how a model is kept without pickle.

A folder holds `<name>.npz` (arrays), `<name>.json` (plain values), `<name>.parquet` (frames), `manifest.json`
(format version, SHA-256 and size of each file, free notes) and `manifest.sig`, the Ed25519 signature over the exact
bytes of the manifest. Loading checks the signature first, then every file, before a byte of content is parsed.
"""

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lib import signing

FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"

Arrays = dict[str, npt.NDArray[Any]]


class BadArtifact(Exception):
    """The folder is incomplete, altered, signed by another key, or of another format version."""


class OtherFormat(BadArtifact):
    """What is in the folder was signed and is whole, but written in a format this code does not read."""


@dataclass(frozen=True)
class Bundle:
    """What one folder holds, by name."""

    arrays: dict[str, Arrays] = field(default_factory=dict)
    """Groups of arrays; object arrays are refused."""
    values: dict[str, Any] = field(default_factory=dict)
    """Plain JSON values."""
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Tables, kept as Parquet."""


def save(bundle: Bundle, folder: Path, key_file: Path, notes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write `bundle` to `folder`, signed by the key in `key_file`, and return the manifest.

    The folder appears whole or not at all: it is written beside its place and renamed. An existing folder is replaced.
    Raises ValueError for an object array (it would need pickle).
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        files = {name: _write(work / name, data) for name, data in _contents(bundle)}
        manifest = {"format": FORMAT, "files": files, "notes": dict(notes or {})}
        text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False).encode()
        _write(work / MANIFEST, text)
        _write(work / SIGNATURE, signing.sign(text, key_file))
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return manifest


def load(folder: Path, public: bytes) -> tuple[Bundle, dict[str, Any]]:
    """The bundle in `folder` and the notes of its manifest, after checking the signature by `public` and every file.

    Raises BadArtifact for a missing, extra or altered file, another key, or another format version.
    """
    manifest = _checked_manifest(folder, public)
    bundle = Bundle()
    expected = set(manifest["files"]) | {MANIFEST, SIGNATURE}
    if found := {path.name for path in folder.iterdir()} ^ expected:
        raise BadArtifact(f"files missing or not in the manifest: {', '.join(sorted(found))}")
    for name, entry in sorted(manifest["files"].items()):
        data = (folder / name).read_bytes()
        if len(data) != entry["bytes"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise BadArtifact(f"{name} is not the file that was signed")
        _parse(bundle, name, data)
    return bundle, manifest["notes"]


def _checked_manifest(folder: Path, public: bytes) -> dict[str, Any]:
    try:
        text = (folder / MANIFEST).read_bytes()
        signature = (folder / SIGNATURE).read_bytes()
    except OSError as error:
        raise BadArtifact(f"no signed manifest in {folder.name}") from error
    try:
        signing.verify(text, signature, public)
    except signing.BadSignature as error:
        raise BadArtifact("the manifest was altered or signed by another key") from error
    manifest: dict[str, Any] = json.loads(text)
    if manifest.get("format") != FORMAT:
        raise OtherFormat(f"format {manifest.get('format')} is not {FORMAT}")
    return manifest


def _contents(bundle: Bundle) -> list[tuple[str, bytes]]:
    out: list[tuple[str, bytes]] = []
    for name, arrays in bundle.arrays.items():
        buffer = io.BytesIO()
        if any(array.dtype.hasobject for array in arrays.values()):
            raise ValueError(f"{name} holds an object array, which would need pickle")
        # numpy names the entries after the keywords, so any name but "file" is safe
        np.savez(buffer, allow_pickle=False, **arrays)
        out.append((f"{name}.npz", buffer.getvalue()))
    for name, value in bundle.values.items():
        out.append((f"{name}.json", json.dumps(value, sort_keys=True, ensure_ascii=False).encode()))
    for name, frame in bundle.frames.items():
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        out.append((f"{name}.parquet", buffer.getvalue()))
    if any(name == MANIFEST or "/" in name for name, _ in out):
        raise ValueError("a part may not be called manifest, nor hold a slash")
    return out


def _parse(bundle: Bundle, name: str, data: bytes) -> None:
    stem, kind = name.rsplit(".", 1)
    if kind == "npz":
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            bundle.arrays[stem] = {key: arrays[key] for key in arrays.files}
    elif kind == "json":
        bundle.values[stem] = json.loads(data)
    elif kind == "parquet":
        bundle.frames[stem] = pd.read_parquet(io.BytesIO(data))
    else:
        raise BadArtifact(f"{name} is of no known kind")


def _write(path: Path, data: bytes) -> dict[str, Any]:
    path.write_bytes(data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
