"""What the reasoning stage asks, whom, and what it lets pass."""

from typing import Annotated

from pydantic import Field, model_validator

from joppo.data.config import StageConfig
from joppo.data.questions.template_pool import FORMS, TASKS, Form, Task
from joppo.data.taxonomy.rubrics import RubricChoice
from joppo.data.teachers.config import TeachersConfig
from joppo.data.teachers.providers import PROVIDERS, traits_of, version_params


class Route(StageConfig):
    """A teacher and its share.

    `teacher` names a provider of the teachers' config; without it, `provider` and `model` say who
    is meant. `templates` are glob patterns of template ids that it may answer. `params` are the
    sampling values that go with each request and into its id; `with_teachers` fills in those of the
    teachers' config, where the route has none.
    """

    teacher: str | None = None
    provider: str = "grounded"
    model: str = "grounded-1"
    weight: float = Field(default=1.0, gt=0)
    templates: tuple[str, ...] = ("*",)
    params: dict[str, float | int | str | bool | None] = Field(default_factory=dict)


class CheckConfig(StageConfig):
    """Limits of the checks of a reasoning text."""

    min_words: int = Field(default=8, ge=1)
    max_words: int = Field(default=400, ge=1)
    score_tolerance: float = Field(default=0.15, ge=0, le=1)
    """largest accepted distance of a teacher's total from the human score"""
    attribute_tolerance: float = Field(default=0.4, ge=0, le=2)
    duplicate_threshold: float | None = Field(default=0.9, gt=0, le=1)
    """Jaccard similarity of word triples from which two texts count as near-duplicates; None keeps
    all, for teachers whose few words are meant to recur (`plain`)"""


class ReasoningConfig(StageConfig):
    """Config of the reasoning stage."""

    tasks: tuple[Task, ...] = TASKS
    forms: tuple[Form, ...] = FORMS
    templates_per_image: dict[Task, Annotated[int, Field(ge=0)]] = Field(
        default_factory=lambda: dict.fromkeys(TASKS, 1)
    )
    """questions per photo, by task; a task that is left out asks none"""
    teachers_per_question: int = Field(default=1, ge=1)
    """how many of the routes answer each question (agreement between teachers needs two)"""
    routes: tuple[Route, ...] = (Route(),)
    seed: int = 0
    rubric: RubricChoice = "photography"
    aesthetic_attributes: bool = True
    """whether known attribute values enter the training answers; else only the total does"""
    total_step: float = Field(default=0.01, ge=0.01, le=0.5)
    attribute_step: float = Field(default=0.01, ge=0.01, le=0.5)
    """totals and attributes of the training answers are told in such steps: digits that nobody can
    see in a photo are noise to reinforcement learning"""
    reveal_label: bool = True
    """whether the visual prompt tells the teacher the label; without it teachers are tested"""
    options: int = Field(default=4, ge=2, le=8)
    min_mos_gap: float = Field(default=0.1, ge=0, le=1)
    """smallest difference of human scores in a comparison"""
    checks: CheckConfig = CheckConfig()

    def with_teachers(self, teachers: TeachersConfig | None) -> "ReasoningConfig":
        """The config with every route resolved: provider, model and parameters of its teacher.

        Raises:
            ValueError: a route leads to a teacher that is not configured; the offline teacher needs
                no configuration.
        """
        return self.model_copy(update={"routes": tuple(_resolve(r, teachers) for r in self.routes)})

    @model_validator(mode="after")
    def _some_route(self) -> "ReasoningConfig":
        if not self.routes:
            raise ValueError("routes is empty: name at least one teacher")
        return self


def _resolve(route: Route, teachers: TeachersConfig | None) -> Route:
    configured = teachers.providers if teachers else ()
    for one in configured:
        by_name = route.teacher == one.name
        if by_name or (
            not route.teacher and (route.provider, route.model) == (one.provider, one.model)
        ):
            values = {"teacher": one.name, "provider": one.provider, "model": one.model}
            return route.model_copy(update=values | {"params": one.params() | route.params})
    if route.teacher is None and traits_of(route.provider).offline:
        # The versions of built-in teachers are part of the stage's RECIPE_VERSION.
        if route.provider in PROVIDERS.built_in:
            return route
        params = version_params(route.provider) | route.params
        return route.model_copy(update={"params": params})
    target = route.teacher or f"{route.provider} {route.model}"
    names = ", ".join(one.name for one in configured) or "none"
    raise ValueError(f"route to {target}: no such teacher is configured; there are: {names}")
