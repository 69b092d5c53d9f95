import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import artifacts, signing
from lib.artifacts import BadArtifact, Bundle


@pytest.fixture
def public(tmp_path: Path) -> bytes:
    return signing.public_bytes(signing.signing_key(tmp_path / "key"))


@pytest.fixture
def folder(tmp_path: Path, public: bytes) -> Path:
    bundle = Bundle(
        arrays={"ease": {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "names": np.array(["a", "乙"])}},
        values={"recipe": {"seed": 0, "名": "值"}},
        frames={"items": pd.DataFrame({"item": ["NA", "2"], "price": [1.5, None]})},
    )
    artifacts.save(bundle, tmp_path / "model", tmp_path / "key", notes={"made_for": "tests"})
    return tmp_path / "model"


def test_what_was_saved_is_loaded(folder: Path, public: bytes) -> None:
    bundle, notes = artifacts.load(folder, public)
    assert notes == {"made_for": "tests"}
    assert bundle.values["recipe"] == {"seed": 0, "名": "值"}
    np.testing.assert_array_equal(bundle.arrays["ease"]["weights"], [[0, 1, 2], [3, 4, 5]])
    assert bundle.arrays["ease"]["names"].tolist() == ["a", "乙"]
    assert bundle.frames["items"]["item"].tolist() == ["NA", "2"]


@pytest.mark.parametrize("name", ["ease.npz", "recipe.json", "items.parquet", "manifest.json", "manifest.sig"])
def test_one_altered_byte_anywhere_is_refused(folder: Path, public: bytes, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BadArtifact):
        artifacts.load(folder, public)


def test_a_missing_and_an_added_file_are_refused(folder: Path, public: bytes) -> None:
    (folder / "more.json").write_text("1")
    with pytest.raises(BadArtifact, match="more"):
        artifacts.load(folder, public)
    (folder / "more.json").unlink()
    (folder / "recipe.json").unlink()
    with pytest.raises(BadArtifact, match="recipe"):
        artifacts.load(folder, public)


def test_another_key_is_refused(folder: Path, tmp_path: Path) -> None:
    other = signing.public_bytes(signing.signing_key(tmp_path / "other"))
    with pytest.raises(BadArtifact, match="another key"):
        artifacts.load(folder, other)


def test_another_format_version_is_refused_even_when_signed(folder: Path, public: bytes, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    text = json.dumps(manifest | {"format": 99}).encode()
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.sig").write_bytes(signing.sign(text, tmp_path / "key"))
    with pytest.raises(BadArtifact, match="format 99"):
        artifacts.load(folder, public)


def test_an_object_array_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    bundle = Bundle(arrays={"x": {"objects": np.array([{}, {}], dtype=object)}})
    with pytest.raises(ValueError, match="pickle"):
        artifacts.save(bundle, tmp_path / "model", tmp_path / "key")
    assert not [path for path in tmp_path.iterdir() if path.name != "key"]


def test_saving_again_replaces_the_folder(folder: Path, public: bytes, tmp_path: Path) -> None:
    artifacts.save(Bundle(values={"only": 1}), folder, tmp_path / "key")
    bundle, _ = artifacts.load(folder, public)
    assert bundle.values == {"only": 1}
    assert not bundle.arrays


def test_an_empty_folder_is_refused(tmp_path: Path, public: bytes) -> None:
    with pytest.raises(BadArtifact, match="manifest"):
        artifacts.load(tmp_path, public)
