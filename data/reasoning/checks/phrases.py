"""Refusals, leaked instructions and mentions of the label, by phrase lists in `phrases.yaml`."""

import re
from functools import cache
from pathlib import Path

import yaml

from joppo.data.reasoning.checks.base import Failure, Sample

_FILE = Path(__file__).with_name("phrases.yaml")
_DETAILS = {
    "refusal": "the teacher refuses",
    "leaked_instructions": "the text repeats its instructions",
    "label_mentioned": "the text speaks of a label or of given information",
}


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    lists = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        name: re.compile(r"(?<!\w)(?:" + "|".join(phrases) + r")(?!\w)", re.IGNORECASE)
        for name, phrases in lists.items()
    }


def found_phrase(kind: str, text: str) -> str | None:
    """The first phrase of a list that stands in the text; typographic apostrophes count as '."""
    match = _patterns()[kind].search(text.replace("’", "'"))
    return match[0] if match else None


def _fail(kind: str, sample: Sample) -> Failure | None:
    phrase = found_phrase(kind, sample.reasoning)
    return Failure(kind, f"{_DETAILS[kind]}: {phrase!r}") if phrase else None


def refusal(sample: Sample) -> Failure | None:
    return _fail("refusal", sample)


def leaked_instructions(sample: Sample) -> Failure | None:
    return _fail("leaked_instructions", sample)


def label_mentioned(sample: Sample) -> Failure | None:
    return _fail("label_mentioned", sample)
