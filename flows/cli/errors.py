"""Errors that a user can remedy: one sentence and exit code 1 in place of a traceback."""

from typing import Any

import typer
from typer.core import TyperGroup

from joppo.flows.cli.stopping import stopping

# By name, because importing the classes would import torch and Prefect into every command.
EXPECTED = {
    "builtins.FileExistsError",
    "builtins.FileNotFoundError",
    "joppo.data.corpus.export.ExportError",
    "joppo.data.corpus.publish.CorpusNotFoundError",
    "joppo.data.corpus.query.QueryError",
    "joppo.data.datasets.base.DatasetFormatError",
    "joppo.data.datasets.image_check.NoUsablePhotoError",
    "joppo.data.photos.decode.PhotoError",
    "joppo.data.registry.UnknownPartError",
    "joppo.data.store.files.StoreError",
    "joppo.data.teachers.base.BudgetExceeded",
    "joppo.data.teachers.base.TeacherError",
    "joppo.data.teachers.pricing.UnknownPriceError",
    "joppo.flows.cli.actions.reproduce.NotReproducedError",
    "joppo.flows.config.ConfigError",
    "joppo.flows.runner.ShardsFailedError",
    "joppo.flows.server.up.UpError",
    "joppo.training.capacity.counts.CapacityError",
    "joppo.training.evaluation.judges.PromptMismatchError",
    "joppo.training.evaluation.judges.SameJudgeError",
    "joppo.training.evaluation.predict.UnansweredError",
    "joppo.training.judges.local_model.ModelFolderError",
    "joppo.training.models.about.AboutError",
    "joppo.training.models.pixels.PixelMismatchError",
    "joppo.training.models.rubric_check.RubricMismatchError",
    "joppo.training.models.serve_command.ServeError",
    "joppo.training.scoring.calibration.CalibrationError",
    "joppo.training.scoring.comparing.NoComparisonError",
    "joppo.training.scoring.run.NothingToScoreError",
    "joppo.training.trainer.examples.PhotoMissingError",
    "joppo.training.trainer.examples.SnapshotError",
    "joppo.training.trainer.prepare.ModelNotFoundError",
}


def is_expected(error: Exception) -> bool:
    """Whether the error's class, or one that it derives from, is in `EXPECTED`."""
    kinds = type(error).__mro__
    return not EXPECTED.isdisjoint(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)


def fail(message: object) -> typer.Exit:
    """Print a message in red and return what ends the command with code 1, to be raised."""
    typer.secho(str(message), fg="red", err=True)
    return typer.Exit(code=1)


class Commands(TyperGroup):
    """The commands of `joppo`; an expected error of any of them ends in one sentence."""

    def invoke(self, ctx: typer.Context) -> Any:
        try:
            with stopping():
                return super().invoke(ctx)
        except Exception as error:
            if is_expected(error):
                raise fail(error) from None
            raise
