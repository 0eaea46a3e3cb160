"""An error that a user can remedy is one sentence; any other keeps its traceback."""

import importlib

import pytest
import typer
from typer.testing import CliRunner

from joppo.flows.cli.errors import EXPECTED, Commands
from joppo.flows.config import ConfigError


class Special(ConfigError):
    """Derives from an expected error."""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_expected_error_exists_under_its_name(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    kind = getattr(importlib.import_module(module), attribute)
    assert issubclass(kind, Exception)
    assert f"{kind.__module__}.{kind.__qualname__}" == name  # not one that is imported there


def invoke(error: Exception) -> tuple[int, str, BaseException | None]:
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.command()
    def one() -> None:
        raise error

    @app.command()
    def two() -> None:
        """A second command, so that the first is called by its name."""

    shown = CliRunner().invoke(app, ["one"])
    return shown.exit_code, shown.output, shown.exception


@pytest.mark.parametrize("kind", [ConfigError, Special])
def test_an_expected_error_is_one_sentence(kind: type[Exception]) -> None:
    code, output, _ = invoke(kind("c.yaml: no such config"))
    assert code == 1 and output == "c.yaml: no such config\n"


def test_any_other_error_is_raised() -> None:
    code, output, error = invoke(KeyError("a bug"))
    assert code == 1 and output == "" and isinstance(error, KeyError)
