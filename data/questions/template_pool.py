"""The pool of question templates: YAML files with Jinja2 texts, one file per task.

Add a template by adding an entry to a file in `templates/`, or to a file of your own that the
config names (`templates: [my_templates.yaml]`). Raise `version` when a text changes, so that only
the questions of that template are asked again.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from joppo.data.config import StageConfig

Task = Literal["composition", "perspective", "aesthetic"]
Form = Literal["open", "multiple_choice", "comparative"]
TASKS: tuple[Task, ...] = ("composition", "perspective", "aesthetic")
FORMS: tuple[Form, ...] = ("open", "multiple_choice", "comparative")
TOPICS: dict[Task, tuple[str, ...]] = {
    "composition": ("category",),
    "perspective": ("kind", "vanishing", "horizon"),
    "aesthetic": ("score", "total", "band", "strongest", "weakest", "better"),
}
"""What the templates of a task may ask for; `data.reasoning.make_question` finds the answers."""
FOLDER = Path(__file__).parent / "templates"


class Template(StageConfig):
    """One way of asking a question."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """name of the template; with its version, its name in the corpus"""
    task: Task
    """what is asked about"""
    form: Form
    """with options to choose from, or openly"""
    topic: str
    """which part of the label answers the question: one of the task's `TOPICS`"""
    answer: Literal["score", "choice", "term"]
    """what the answer holds: scores, the letter of an option, or a term"""
    option_style: Literal["name", "definition", "both"] = "name"
    """how the options of a composition question name their categories"""
    version: int = Field(ge=1)
    """raised with every change of the text"""
    text: str
    """Jinja2 text of the question; by task and form it may use `options`, `letters`, `vocabulary`,
    `rubric`, `attributes`, `target` and `target_definition`, and always `answer_form`"""

    @property
    def key(self) -> str:
        """Id and version: the template's name in the corpus."""
        return f"{self.id}@{self.version}"

    @model_validator(mode="after")
    def _answerable(self) -> "Template":
        topics = TOPICS[self.task]
        if self.topic not in topics:
            raise ValueError(f"task {self.task} has no topic {self.topic!r}; {', '.join(topics)}")
        return self


class TemplateError(ValueError):
    """A template file that cannot be used; the message names file and entry."""


@cache
def load_templates(folder: Path = FOLDER) -> tuple[Template, ...]:
    """All templates of a folder's YAML files, sorted by id.

    Raises:
        TemplateError: no file, an entry with a wrong or missing field, or two entries with one id.
    """
    found = [one for path in sorted(folder.glob("*.yaml")) for one in read_templates(path)]
    if not found:
        raise TemplateError(f"no template in {folder}; add a YAML file as in {FOLDER}")
    return _sorted(found, str(folder))


@cache
def template_pool(own: tuple[Template, ...] = ()) -> tuple[Template, ...]:
    """The built-in templates and a config's own ones, sorted by id.

    Raises:
        TemplateError: two of them have one id.
    """
    return _sorted([*load_templates(), *own], "templates")


def read_templates(path: str | Path) -> list[Template]:
    """The templates of one YAML file, in its order.

    Raises:
        TemplateError: there is no such file, it has another form, an entry has a wrong or missing
            field, or two entries have one id.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplateError(f"{path}: cannot be read as YAML ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("templates"), list):
        raise TemplateError(f"{path}: needs `task` and a list `templates`")
    templates = []
    for number, entry in enumerate(content["templates"], start=1):
        try:
            templates.append(Template.model_validate({"task": content.get("task"), **entry}))
        except (ValidationError, TypeError) as error:
            raise TemplateError(f"{path}, template {number}: {error}") from error
    _sorted(templates, str(path))
    return templates


def _sorted(templates: Iterable[Template], where: str) -> tuple[Template, ...]:
    by_id: dict[str, Template] = {}
    for one in templates:
        if by_id.setdefault(one.id, one) is not one:
            raise TemplateError(f"{where}: template {one.id} stands twice; rename one")
    return tuple(by_id[key] for key in sorted(by_id))


def _content(entries: Any) -> Any:
    """Paths replaced by the templates in their files."""
    if not isinstance(entries, list | tuple):
        return entries
    read = [read_templates(one) if isinstance(one, str | Path) else [one] for one in entries]
    return [template for templates in read for template in templates]


OwnTemplates = Annotated[tuple[Template, ...], BeforeValidator(_content)]
"""Templates of a config beside the built-in ones: paths of YAML files, relative to the working
directory. A config keeps their content, never a path, so that ids and cache keys follow the texts.
"""


@cache
def environment() -> SandboxedEnvironment:
    """Jinja2 for prompts and wording: sandboxed, unknown variables are errors, plain text."""
    # The texts are no HTML: escaping belongs to reports, where they are shown.
    return SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


@cache
def _compiled(text: str) -> Any:
    return environment().from_string(text)


def render(text: str, **variables: object) -> str:
    """Render a Jinja2 text; an unknown variable raises `jinja2.UndefinedError`."""
    return str(_compiled(text).render(**variables)).strip()
