"""The public face: the names of `joppo`, imported when they are first used."""

import importlib
import tomllib

import pytest

import joppo
from tests.heavy_imports import heavy_imports
from tests.paths import ROOT


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert heavy_imports("import joppo") == set()
    assert heavy_imports("import joppo; dir(joppo); joppo.__version__") == set()


def test_a_name_imports_what_it_needs_and_no_more() -> None:
    assert "torch" in heavy_imports("from joppo import joint_fidelity")
    assert heavy_imports("from joppo import open_corpus") & {"torch", "prefect", "pandas"} == set()
    assert heavy_imports("from joppo import load_rubric") == {"pydantic"}


@pytest.mark.parametrize("name", joppo.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(joppo, name)
    assert name in dir(joppo)
    assert f"    {name} " in (joppo.__doc__ or "")
    if name != "__version__":
        assert getattr(importlib.import_module(value.__module__), name) is value
        assert value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'joint_fidelty'"):
        _ = joppo.joint_fidelty


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert joppo.__version__ == project["version"]
