"""The pool of synthesis prompts: subject x light x season x style, true to the composition label.

A prompt that says "a row of boats" over the edges of a triangle would spoil the child or its label.
So every subject is written for stated categories, and the pool is refused when a subject uses the
words of another arrangement than its category's.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from joppo.data.config import StageConfig
from joppo.data.store.hashing import unit_interval
from joppo.data.taxonomy.categories import CATEGORIES

POOL_FILE = Path(__file__).with_name("prompt_pool.yaml")

# Arrangement -> words that state it. A subject of one arrangement must not use another's words.
ARRANGEMENT_WORDS: dict[str, str] = {
    "rule of thirds": r"off-center|on one side|left|right",
    "centered": r"in the (center|middle)(?! of the frame)|centered",
    "diagonal": r"diagonal\w*",
    "horizontal": r"in a row|side by side|horizon",
    "vertical": r"one above the other|lamp post|tree trunks?|corner of a wall|picket fence|curtain",
    "triangle": r"triang\w+",
    "C-curve": r"in a C\b",
    "O-curve": r"\bring\b|\bround\b|circle",
    "S-curve": r"in an S\b",
    "diffuse": r"radiat\w+|rays",
    "perspective": r"into depth|between houses|leading over|at its corner",
    "dense": r"filling|covering|crowd",
    "pattern": r"pattern|repeating",
    "scatter": r"scattered",
}
# Arrangements that may share words: a fence of many vertical lines fills the frame, and a vertical
# line in the middle or on a third is placed by the words of the other two.
_SHARED = {("vertical", "dense"), ("vertical", "centered"), ("vertical", "rule of thirds")}


class PromptPoolError(ValueError):
    """The pool file cannot be used; the message names the file and the entry."""


class SubjectGroup(StageConfig):
    """Subjects for some categories; `still_life` ones take no season and no weather."""

    categories: tuple[int, ...] = Field(min_length=1)
    outdoor: tuple[str, ...] = ()
    still_life: tuple[str, ...] = ()


class PromptPool(StageConfig):
    """The parsed pool. `form` has the fields style, subject, light, season and color."""

    version: int
    form: str
    styles: tuple[str, ...] = Field(min_length=1)
    lights: tuple[str, ...] = Field(min_length=1)
    seasons: tuple[str, ...] = Field(min_length=1)
    still_life: str
    colors: tuple[str, ...] = Field(min_length=1)
    negative: str
    subjects: tuple[SubjectGroup, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "PromptPool":
        covered = {category for group in self.subjects for category in group.categories}
        if missing := sorted(set(CATEGORIES) - covered):
            raise ValueError(f"no subject for categories {missing}")
        for group in self.subjects:
            for category in group.categories:
                for text in (*group.outdoor, *group.still_life):
                    if why := contradiction(text, category):
                        raise ValueError(f"subject {text!r} of category {category}: {why}")
        return self

    def choices(self, category: int) -> list[tuple[str, bool]]:
        """(subject, is a still life) of all subjects for a category."""
        groups = [group for group in self.subjects if category in group.categories]
        outdoor = [(text, False) for group in groups for text in group.outdoor]
        return outdoor + [(text, True) for group in groups for text in group.still_life]

    def prompt(self, category: int, key: str) -> str:
        """The prompt that `key` (a content hash) draws for a category; the same key, the same."""
        subject, still = _pick(self.choices(category), key, "subject")
        season = self.still_life if still else _pick(self.seasons, key, "season")
        return self.form.format(
            style=_pick(self.styles, key, "style"),
            subject=subject,
            light=_pick(self.lights, key, "light"),
            season=season,
            color=_pick(self.colors, key, "color"),
        )


def contradiction(text: str, category: int) -> str | None:
    """Why a text contradicts a category (1-24): it states another arrangement; or None."""
    arrangement = CATEGORIES[category].arrangement
    for other, pattern in ARRANGEMENT_WORDS.items():
        if other == arrangement or (arrangement, other) in _SHARED:
            continue
        if found := re.search(pattern, text):
            return f"{found.group()!r} states the arrangement {other}, not {arrangement}"
    return None


@cache
def load_pool(path: Path = POOL_FILE) -> PromptPool:
    """Read and check a pool file.

    Raises:
        PromptPoolError: not YAML, a missing or unknown field, or a subject that contradicts its
            category.
    """
    try:
        return PromptPool.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise PromptPoolError(f"prompt pool {path}: {error}") from error


def all_phrases(pool: PromptPool | None = None) -> list[str]:
    """Each text of the pool once: what a tokenizer's vocabulary should know."""
    pool = pool or load_pool()
    subjects = [text for group in pool.subjects for text in (*group.outdoor, *group.still_life)]
    rest = (*pool.styles, *pool.lights, *pool.seasons, pool.still_life, *pool.colors, pool.negative)
    return [*subjects, *rest]


def _pick(options: Any, key: str, part: str) -> Any:
    return options[int(unit_interval(key, part) * len(options))]
