"""What the reasoning stage asks, whom, and what it lets pass."""

from typing import Annotated

from pydantic import Field, model_validator

from joppo.data.config import OPERATIONAL, StageConfig
from joppo.data.questions.template_pool import FORMS, TASKS, Form, OwnTemplates, Task, template_pool
from joppo.data.taxonomy.rubrics import RubricChoice
from joppo.data.teachers.config import TeachersConfig
from joppo.data.teachers.providers import PROVIDERS, traits_of, version_params


class Route(StageConfig):
    """A teacher, and which questions go to it."""

    teacher: str | None = None
    """name of a teacher of the section `teachers`; without it, `provider` and `model` name one"""
    provider: str = "grounded"
    """provider of the teacher; one that is offline needs no entry in the section `teachers`"""
    model: str = "grounded-1"
    """model of the teacher"""
    weight: float = Field(default=1.0, gt=0)
    """share of the questions, relative to the weights of the other routes"""
    templates: tuple[str, ...] = ("*",)
    """glob patterns of the template ids that it may answer"""
    params: dict[str, float | int | str | bool | None] = Field(default_factory=dict)
    """values that go with each request and into its id; they replace those of the section
    `teachers`"""


class CheckConfig(StageConfig):
    """Limits of the checks of a reasoning text."""

    min_words: int = Field(default=8, ge=1)
    """fewest words of an accepted text"""
    max_words: int = Field(default=400, ge=1)
    """most words of an accepted text"""
    score_tolerance: float = Field(default=0.15, ge=0, le=1)
    """largest accepted distance of a teacher's total from the human score"""
    attribute_tolerance: float = Field(default=0.4, ge=0, le=2)
    """largest accepted distance of an attribute from the rating of people"""
    duplicate_threshold: float | None = Field(default=0.9, gt=0, le=1)
    """Jaccard similarity of word triples from which two texts count as near-duplicates; None keeps
    all, for teachers whose few words are meant to recur (`plain`)"""


class ReasoningConfig(StageConfig):
    """Config of the reasoning stage."""

    tasks: tuple[Task, ...] = TASKS
    """what is asked about"""
    forms: tuple[Form, ...] = FORMS
    """how it is asked: with options to choose from, or openly"""
    templates_per_image: dict[Task, Annotated[int, Field(ge=0)]] = Field(
        default_factory=lambda: dict.fromkeys(TASKS, 1)
    )
    """questions per photo, by task; none for a task that is left out"""
    teachers_per_question: int = Field(default=1, ge=1)
    """how many of the routes answer each question (agreement between teachers needs two)"""
    routes: tuple[Route, ...] = (Route(),)
    """the teachers, and which questions go to each"""
    # Left out of the dump where empty, so that configs without it keep their hash.
    templates: OwnTemplates = Field(default=(), exclude_if=lambda value: not value)
    """question templates beside the built-in ones: paths of YAML files like those in
    `data/questions/templates/`, relative to the working directory"""
    seed: int = 0
    """seed of the choice of templates, teachers and options"""
    rubric: RubricChoice = "photography"
    """the attributes that teachers score: a built-in name, the path of a YAML, or
    `package.module:name`"""
    aesthetic_attributes: bool = True
    """whether rated attributes enter the training answers; else only the total does"""
    total_step: float = Field(default=0.01, ge=0.01, le=0.5)
    """totals of the training answers are rounded to this step; see `attribute_step`"""
    attribute_step: float = Field(default=0.01, ge=0.01, le=0.5)
    """totals and attributes of the training answers are rounded to such steps: digits that nobody
    can see in a photo are noise to reinforcement learning"""
    reveal_label: bool = True
    """whether the visual prompt gives the label to the teacher; false tests the teachers"""
    options: int = Field(default=4, ge=2, le=8)
    """options of a question with choices"""
    min_mos_gap: float = Field(default=0.1, ge=0, le=1)
    """smallest difference of human scores in a comparison, on the scale from 0 to 1"""
    checks: CheckConfig = CheckConfig()
    """limits of the checks of an answer"""
    accept_missing: Annotated[float, OPERATIONAL] = Field(default=0.0, ge=0, le=1)
    """largest share of the answers that may be missing (a teacher was down, the budget used up) for
    a snapshot to be published all the same; the next run asks for them"""

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

    @model_validator(mode="after")
    def _distinct_templates(self) -> "ReasoningConfig":
        template_pool(self.templates)
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
