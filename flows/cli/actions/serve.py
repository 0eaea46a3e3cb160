"""`joppo serve`: print or run the vLLM command of a judge."""

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import typer

from joppo.flows.parameters import open_store
from joppo.training.models.serve_command import ServeError, vllm_command
from joppo.training.trainer.latest import LATEST, found_model


def serve_judge(model: str, more: Sequence[str], run: bool, root: str | None) -> None:
    """Print the command with `more` at its end, or become it.

    Raises:
        ServeError: it cannot be served, or vLLM is not installed here.
        ModelNotFoundError: `latest-…` was not trained in this store.
    """
    folder = Path(found_model(model, open_store(root)) if model in LATEST else model)
    command = [*vllm_command(folder), *more]
    if not run:
        typer.echo(in_lines(command))
        return
    program = shutil.which(command[0])
    if program is None:
        raise ServeError(
            "vLLM is not installed here (pip install vllm, in an environment of its own): run the "
            "command that `joppo serve` prints without --run where it is"
        )
    os.execv(program, command)


def in_lines(command: Sequence[str]) -> str:
    """The command for a shell, an option a line."""
    words = [shlex.quote(word) for word in command]
    return " ".join(f"\\\n    {word}" if word.startswith("--") else word for word in words)
