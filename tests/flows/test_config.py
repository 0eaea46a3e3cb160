"""Configs are read strictly; overrides touch single values."""

from pathlib import Path

import pytest

from joppo.data.config import StageConfig
from joppo.flows.config import ConfigError, find_config, load_config, merged
from tests.paths import ROOT


class Inner(StageConfig):
    a: int = 1
    b: int = 2


class Outer(StageConfig):
    inner: Inner = Inner()
    name: str = "x"


def write(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def test_overrides_touch_single_values(tmp_path: Path) -> None:
    path = write(tmp_path, "inner: {a: 5}\n")
    config = load_config(Outer, path, {"inner": {"b": 7}})
    assert config == Outer(inner=Inner(a=5, b=7))


def test_merge_leaves_its_arguments_alone() -> None:
    values = {"x": {"y": 1}}
    assert merged(values, {"x": {"z": 2}}) == {"x": {"y": 1, "z": 2}}
    assert values == {"x": {"y": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner: {c: 5}\n", "inner.c: Extra inputs are not permitted"),
        ("inner: {a: many}\n", "inner.a: .*valid integer"),
        ("- 1\n", "a config is a mapping of keys"),
        ("{", "is not YAML"),
    ],
)
def test_a_bad_config_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(Outer, path)
    assert str(path) in str(caught.value)


def test_a_missing_config_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="configs/"):
        load_config(Outer, tmp_path / "none.yaml")


def test_the_embedded_configs_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "configs/embedded/score-photos.yaml"
    assert find_config(name).read_bytes() == (ROOT / name).read_bytes()
    assert find_config("configs/paper/score-photos.yaml") == Path("configs/paper/score-photos.yaml")


def test_the_working_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = Path("configs/embedded/score-photos.yaml")
    own.parent.mkdir(parents=True)
    own.write_text("name: own\n")
    assert load_config(Outer, own) == Outer(name="own")
