"""The command `joppo`: each sub-command is a file of this folder, and thin.

What a sub-command does is in `actions`, which is imported only when it runs.
"""

import typer

from joppo.flows.cli.build import build
from joppo.flows.cli.calibrate import calibrate
from joppo.flows.cli.compare import compare
from joppo.flows.cli.demo import demo
from joppo.flows.cli.errors import Commands
from joppo.flows.cli.evaluate import evaluate
from joppo.flows.cli.export import export
from joppo.flows.cli.labels import labels
from joppo.flows.cli.plan import plan
from joppo.flows.cli.prefect_settings import set_defaults
from joppo.flows.cli.query import query
from joppo.flows.cli.rehearse import rehearse
from joppo.flows.cli.reproduce import reproduce
from joppo.flows.cli.score import score
from joppo.flows.cli.serve import serve
from joppo.flows.cli.up import up

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A vision-language judge of photographs, and the data pipeline that makes it.",
)
COMMANDS = (
    demo,
    build,
    plan,
    rehearse,
    evaluate,
    reproduce,
    up,
    query,
    export,
    labels,
    score,
    compare,
    calibrate,
    serve,
)
for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Entry point of the `joppo` command."""
    set_defaults()
    app()
