"""The pool of question templates: YAML files with Jinja2 texts, one file per task.

Add a template by adding an entry; raise `version` when its text changes, so that only the questions
of that template are asked again.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import Field, ValidationError

from joppo.data.config import StageConfig

Task = Literal["composition", "perspective", "aesthetic"]
Form = Literal["open", "multiple_choice", "comparative"]
TASKS: tuple[Task, ...] = ("composition", "perspective", "aesthetic")
FORMS: tuple[Form, ...] = ("open", "multiple_choice", "comparative")
FOLDER = Path(__file__).parent / "templates"


class Template(StageConfig):
    """One way of asking. `topic` says which truth answers it (see `data.questions`)."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    task: Task
    form: Form
    topic: str
    answer: Literal["score", "choice", "term"]
    option_style: Literal["name", "definition", "both"] = "name"
    version: int = Field(ge=1)
    text: str

    @property
    def key(self) -> str:
        """Id and version: what answers and samples are filed under."""
        return f"{self.id}@{self.version}"


class TemplateError(ValueError):
    """A template file that cannot be used; the message names file and entry."""


@cache
def load_templates(folder: Path = FOLDER) -> tuple[Template, ...]:
    """All templates of a folder's YAML files, sorted by id.

    Raises:
        TemplateError: no file, an entry with a wrong or missing field, or an id that stands twice.
    """
    found: dict[str, Template] = {}
    for path in sorted(folder.glob("*.yaml")):
        for template in _read(path):
            if template.id in found:
                raise TemplateError(f"{path}: template {template.id} stands twice; rename one")
            found[template.id] = template
    if not found:
        raise TemplateError(f"no template in {folder}; add a YAML file as in {FOLDER}")
    return tuple(found[key] for key in sorted(found))


def _read(path: Path) -> list[Template]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("templates"), list):
        raise TemplateError(f"{path}: needs `task` and a list `templates`")
    templates = []
    for number, entry in enumerate(content["templates"], start=1):
        try:
            templates.append(Template.model_validate({"task": content.get("task"), **entry}))
        except (ValidationError, TypeError) as error:
            raise TemplateError(f"{path}, template {number}: {error}") from error
    return templates


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
