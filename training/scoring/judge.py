"""A judge of photographs in a few lines: scores of photos, and which of two is the better one.

from joppo import Judge

judge = Judge("runs/joppo-1a2b3c4d/model")
for result in judge.score("holiday/"):
    print(result.photo, result.total, result.attributes, result.explanation)
print(judge.compare("a.jpg", "b.jpg").win)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from joppo.data.datasets.base import Reject
from joppo.data.photos.decode import PhotoError
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.config import EMBEDDED
from joppo.training.judges.config import (
    CustomJudgeConfig,
    JudgeConfig,
    endpoint_values,
    is_custom,
)
from joppo.training.judges.mean import mean_name
from joppo.training.judges.open_judge import open_judge
from joppo.training.scoring.comparing import Comparison, compare, photo_question
from joppo.training.scoring.config import ScoringConfig
from joppo.training.scoring.photo_inputs import Photo, PhotoInput, find_inputs
from joppo.training.scoring.score import Scored, score
from joppo.training.scoring.score_cache import ScoreCache

COMPARED_ANSWERS = 8


@dataclass(frozen=True, slots=True)
class PhotoScore:
    """The score of one photo, or the reason why there is none.

    `total` is in [0, 1] and each of the `attributes` in [-1, 1]; where there is no score, `total`
    is None, `attributes` is empty, `reason` says why in snake_case (`truncated_image`,
    `missing_tag`, ...) and `detail` in a sentence, where there is more to say. `spread` is the
    standard deviation of the totals of several drawn answers, else None.
    """

    photo: str
    total: float | None
    attributes: Mapping[str, float]
    explanation: str = ""
    reason: str | None = None
    detail: str = ""
    spread: float | None = None


class Judge:
    """A judge of photographs.

    Example:
        >>> judge = Judge()
        >>> for result in judge.score(["a.jpg", "holiday/", "archive/**/*.png"]):
        ...     if result.total is None:
        ...         print(result.photo, "has no score:", result.reason)
        ...     else:
        ...         print(result.photo, round(result.total, 2), dict(result.attributes))
        >>> judge.compare("a.jpg", "b.jpg").win > 0.5  # does a.jpg win?
    """

    def __init__(
        self,
        model: str | Path | JudgeConfig | Mapping[str, Any] = EMBEDDED,
        *,
        endpoint: str | None = None,
        key_env: str | None = None,
        rubric: str | Rubric | None = None,
        samples: int = 0,
        store: Store | str | Path | None = None,
        **options: Any,
    ) -> None:
        """Load the model, or open the connection.

        Args:
            model: a model folder, a hub id whose files are on this machine, `embedded` for the
                small judge that comes with the project, `package.module:name` of a judge of your
                own, or the config of any judge. With `endpoint`, the folder of the judge that
                `joppo serve` serves there, or the name of another model.
            endpoint: base URL of an OpenAI-compatible server.
            key_env: environment variable that holds the server's key; None for a server without.
            rubric: by which photos are judged: a built-in name, the path of a YAML,
                `package.module:name`, or what `load_rubric` returns. None for the one that the
                judge was trained on, else `photography`.
            samples: answers that are drawn for each photo, whose mean is the score; 0 for the one
                likeliest answer.
            store: scores are kept there and not computed again. Without a store nothing is written
                but the answers of an endpoint, to a temporary file.
            options: further fields of the config: those of `LocalJudgeConfig` (`device`, `rows`,
                `max_new_tokens`, ...); with `endpoint`, those of `ProviderConfig` (`price`,
                `max_tokens`, `concurrency`, ...); the options of a judge of your own.

        Raises:
            ModelFolderError: there is no such model on this machine.
            AuthError: the environment variable of the key is empty.
            RubricMismatchError, PixelMismatchError: the model was trained on another rubric, or on
                photos of another size.
            pydantic.ValidationError: an option is unknown or has a wrong value, or there is no
                such judge or rubric of your own.
        """
        judge = _judge_config(model, endpoint, key_env, options)
        self.config = ScoringConfig.model_validate(
            {"judge": judge, "rubric": rubric, "samples": samples}
        )
        self._prompt_id = self.config.question().prompt_id
        self._store = store if isinstance(store, Store | None) else Store(store)
        self._journal_folder: TemporaryDirectory[str] | None = None
        self._judge = open_judge(self.config.judge, self._root())

    @property
    def name(self) -> str:
        """`<model>@<short content hash>`; `*<n>` is added where scores are means of n answers."""
        return mean_name(self._judge.name, self.config.samples)

    def score(self, photos: PhotoInput | Iterable[PhotoInput]) -> Iterator[PhotoScore]:
        """One result for each photo, in the order of the photos, as soon as it is there.

        A photo that cannot be read, or that the judge gives no valid answer to, has a result with
        the reason. Photos are read while the results are iterated over, so any number will do.

        Args:
            photos: files, folders (with their subfolders), patterns (`**` recurses), bytes of
                files, Pillow images; one, or several of any kinds. A photo that is given twice has
                two results.

        Raises:
            BudgetExceeded, AccessError, ProviderDown: an endpoint cannot go on.
            StoreError: the store cannot be written.
        """
        cache = None
        if self._store is not None:
            cache = ScoreCache(self._store, self.name, self._prompt_id)
        try:
            for result in score(find_inputs(photos), self._judge, self.config, cache):
                yield _photo_score(result)
        finally:
            if cache is not None:
                cache.flush()

    def compare(self, a: PhotoInput, b: PhotoInput, samples: int | None = None) -> Comparison:
        """How surely photo `a` wins against photo `b`, as `joppo compare` computes it.

        Args:
            samples: answers that are drawn for each photo, at least 2; None for the judge's own
                `samples`, or 8 where that is 0.

        Raises:
            PhotoError: a photo cannot be read.
            NoComparisonError: fewer than two answers to a photo are valid.
        """
        first, second = (photo_question(_only(photo), self.config) for photo in (a, b))
        drawn = samples or self.config.samples or COMPARED_ANSWERS
        return compare(self._judge, first, second, drawn)

    def _root(self) -> str:
        """Where an endpoint's journal goes: beside the store, else to a folder of this process."""
        if self._store is not None:
            return self._store.root
        if self.config.judge.kind == "local":
            return ""
        self._journal_folder = TemporaryDirectory(prefix="joppo-")
        return self._journal_folder.name


def _judge_config(
    model: str | Path | JudgeConfig | Mapping[str, Any],
    endpoint: str | None,
    key_env: str | None,
    options: Mapping[str, Any],
) -> JudgeConfig | dict[str, Any]:
    if not isinstance(model, str | Path):
        if endpoint or key_env or options:
            raise TypeError("a judge's config says everything: set its fields instead of options")
        return dict(model) if isinstance(model, Mapping) else model
    if endpoint is None:
        if key_env is not None:
            raise TypeError("key_env belongs to an endpoint: give its base URL as endpoint")
        if is_custom(str(model)):
            return CustomJudgeConfig(kind=str(model), options=dict(options))
        return {"kind": "local", "model": str(model), **options}
    if Path(model).is_dir():
        return endpoint_values(endpoint, key_env=key_env, folder=str(model), **options)
    return endpoint_values(endpoint, str(model), key_env, **options)


def _only(photo: PhotoInput) -> Photo:
    """The one photo of an input.

    Raises:
        PhotoError: there is none, or several.
    """
    found = list(islice(find_inputs(photo), 2))
    if len(found) != 1:
        raise PhotoError("several_photos", f"{photo!r} holds several photos: name one of them")
    if isinstance(found[0], Reject):
        raise PhotoError(found[0].reason, f"{found[0].item}: {found[0].detail}")
    return found[0]


def _photo_score(result: Scored | Reject) -> PhotoScore:
    if isinstance(result, Reject):
        return PhotoScore(result.item, None, {}, reason=result.reason, detail=result.detail)
    row = result.row
    return PhotoScore(
        photo=result.file.name,
        total=row.total,
        attributes=row.attributes,
        explanation=row.explanation,
        reason=row.reason,
        spread=row.spread,
    )
