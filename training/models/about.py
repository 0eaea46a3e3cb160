"""What a trained judge knows about itself: the typed reader of a model folder's `run.json`.

`run.json` is the single source for how photos and prompts have to look. Scoring, evaluation,
calibration, merging and serving read it here; a config may leave these values out, and one that
contradicts them is refused. A model that was not trained here, such
as a plain base, has no `run.json`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joppo.data.questions.prompts import PROMPT_VERSION, SCORE_TEMPLATE, score_prompt
from joppo.data.questions.template_pool import load_templates
from joppo.data.store.hashing import SHORT, content_hash
from joppo.data.store.hub_id import split_revision
from joppo.data.taxonomy.rubrics import Rubric
from joppo.training.models.base_model import (
    ADAPTER_FILE,
    RUN_FILE,
    adapter_base,
    load_processor,
    read_lineage,
    resolve_base,
)
from joppo.training.models.digest import model_digest


class AboutError(ValueError):
    """A model folder's `run.json` cannot be read; the message names the remedy."""


JUDGE = "judge"
"""Key of `run.json` whose value is what `judge_facts` returns."""
_ANSWER = re.compile(r"<answer>.*?</answer>")


@dataclass(frozen=True, slots=True)
class About:
    """A trained judge, as its `run.json` describes it."""

    run: str
    """id of the run that trained it"""
    base: str
    """the base judge as configs name it: a hub id, a folder, or `embedded`"""
    family: str
    """`model_type` of the base, as transformers names it"""
    rubric: Rubric | None
    """what its scores mean, attributes in the order of the answer; None for a judge that was
    trained on no scores"""
    prompt: str | None
    """the question that asks it for a score, word by word; None where `rubric` is None"""
    answer: str | None
    """the form of the answer block to that question; None where `rubric` is None"""
    prompt_version: int
    """version of the project's prompts that it was trained with"""
    template: str
    """id and version of the template of the score question"""
    max_pixels: int
    """photos are scaled down to at most this many pixels (width x height)"""
    min_pixels: int
    """smaller photos are scaled up to at least this many pixels"""
    pixel_step: int
    """width and height of a photo, as the model reads it, are multiples of this many pixels"""
    max_new_tokens: int
    """most tokens of an answer in training"""
    snapshot: str
    """version of the corpus that it was trained on"""
    digest: str
    """content hash (64 hex) of its weights: those of the adapter and of its base, or of the
    merged model"""

    @property
    def served_name(self) -> str:
        """The name under which a server offers it: other weights have another name."""
        return f"joppo-{self.digest[:SHORT]}"


def find_about(model: str) -> About | None:
    """What a judge knows about itself, or None for a model that was not trained here.

    Args:
        model: a model folder, a hub id, or `embedded`; of a hub id only the cache of this machine
            is looked at.

    Raises:
        AboutError: `run.json` is damaged.
    """
    folder = _folder(model)
    return None if folder is None else read_about(folder)


def read_about(folder: Path) -> About | None:
    """As `find_about`, of a model folder."""
    try:
        values = read_lineage(folder)
        return None if values is None else _about(folder, values)
    except (KeyError, TypeError, ValueError) as error:
        raise AboutError(
            f"{folder / RUN_FILE} is damaged ({type(error).__name__}: {error}): let the run write "
            "its model again, or merge the adapter again"
        ) from error


def _about(folder: Path, values: Mapping[str, Any]) -> About:
    # A run.json that an earlier version wrote lacks the section: it follows from the folder.
    facts = values.get(JUDGE) or judge_facts(folder, values)
    rubric = values.get("rubric")
    return About(
        run=str(values["run"]),
        base=str(values["base"]),
        family=str(facts["family"]),
        rubric=Rubric.model_validate(rubric) if rubric else None,
        prompt=facts["prompt"],
        answer=facts["answer"],
        prompt_version=int(facts["prompt_version"]),
        template=str(facts["template"]),
        max_pixels=int(facts["max_pixels"]),
        min_pixels=int(facts["min_pixels"]),
        pixel_step=int(facts["pixel_step"]),
        max_new_tokens=int(facts["max_new_tokens"]),
        snapshot=str(values["snapshot"]),
        digest=str(facts["digest"]),
    )


def judge_facts(folder: Path, lineage: Mapping[str, Any]) -> dict[str, Any]:
    """The section `judge` of a `run.json`, from the weights and the processor of a model folder.

    Args:
        lineage: the other keys of `run.json` (training.models.lineage).
    """
    rubric = Rubric.model_validate(lineage["rubric"]) if lineage.get("rubric") else None
    prompt = score_prompt(rubric) if rubric else None
    images = load_processor(str(folder)).image_processor
    return {
        "family": _family(folder),
        "prompt": prompt,
        "answer": _answer_form(prompt) if prompt else None,
        "prompt_version": PROMPT_VERSION,
        "template": next(one.key for one in load_templates() if one.id == SCORE_TEMPLATE),
        "max_pixels": int(images.size["longest_edge"]),
        "min_pixels": int(images.size["shortest_edge"]),
        "pixel_step": int(images.patch_size) * int(images.merge_size),
        "max_new_tokens": int(lineage["config"]["max_completion_length"]),
        "digest": _digest(folder, lineage),
    }


def _digest(folder: Path, lineage: Mapping[str, Any]) -> str:
    """An adapter is one judge on one base and another judge on another base."""
    own = model_digest(folder)
    if not (folder / ADAPTER_FILE).is_file():
        return own
    return content_hash(own, lineage["parents"][0]["weights"])


def _family(folder: Path) -> str:
    from transformers import AutoConfig

    whole = str(folder) if not (folder / ADAPTER_FILE).is_file() else adapter_base(folder)
    name, revision = split_revision(whole)
    config = AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
    return str(config.model_type)


def _answer_form(prompt: str) -> str | None:
    found = _ANSWER.search(prompt)
    return found[0] if found else None


def _folder(model: str) -> Path | None:
    """The folder of a model on this machine that holds a `run.json`, in the hub's cache too."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    folder = Path(resolve_base(model))
    if folder.is_dir():
        return folder
    try:
        name, revision = split_revision(model)
        cached = try_to_load_from_cache(name, RUN_FILE, revision=revision)
    except HFValidationError:  # no hub id either: whoever opens the judge says so
        return None
    return Path(cached).parent if isinstance(cached, str) else None
