"""The pool of templates: its size, its forms, and clear errors for broken files."""

from collections import Counter
from pathlib import Path

import jinja2
import pytest

from joppo.data.questions.template_pool import (
    FORMS,
    TASKS,
    TemplateError,
    environment,
    load_templates,
    render,
)


def test_at_least_eight_templates_a_task_in_every_form() -> None:
    pool = load_templates()
    tasks = Counter(t.task for t in pool)
    assert set(tasks) == set(TASKS) and min(tasks.values()) >= 8
    assert {(t.task, t.form) for t in pool} == {(task, form) for task in TASKS for form in FORMS}
    assert len({t.id for t in pool}) == len(pool) == len({t.text for t in pool})


def test_every_template_states_its_answer_form() -> None:
    for template in load_templates():
        assert "{{ answer_form }}" in template.text
        if template.form == "multiple_choice":
            assert "{{ options }}" in template.text and template.answer == "choice"


GOOD = (
    "task: composition\ntemplates:\n"
    "  - {id: a, form: open, topic: category, answer: term, version: 1, text: hi}\n"
)


@pytest.mark.parametrize(
    "content, message",
    [
        ("- 1\n", "needs `task`"),
        (GOOD.replace("form: open", "form: shut"), "template 1"),
        (GOOD.replace("version: 1", "version: 0"), "version"),
        (GOOD.replace("task: composition", "task: cooking"), "task"),
        (GOOD.replace("text: hi", "text: hi, extra: 1"), "extra"),
        (GOOD + GOOD.splitlines()[2] + "\n", "stands twice"),
    ],
)
def test_broken_files_name_file_and_entry(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(TemplateError, match=message) as caught:
        load_templates(tmp_path)
    assert "mine.yaml" in str(caught.value)


def test_an_own_folder_works_and_an_empty_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no template"):
        load_templates(tmp_path)
    (tmp_path / "mine.yaml").write_text(GOOD)
    load_templates.cache_clear()
    assert [t.key for t in load_templates(tmp_path)] == ["a@1"]
    load_templates.cache_clear()


def test_jinja_is_strict_and_sandboxed() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("{{ nobody }}")
    with pytest.raises(jinja2.exceptions.SecurityError):
        render("{{ x.__class__.__mro__ }}", x="")
    assert render("{{ x }} & co", x="<b>") == "<b> & co"
    assert environment() is environment()
