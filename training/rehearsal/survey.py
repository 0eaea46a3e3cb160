"""What the datasets of a profile hold, by their labels and the names of their photos.

No photo is opened, so that a dataset of any size is looked through in seconds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joppo.data.datasets.base import Reject
from joppo.data.datasets.mmperspective import Question, read_mmperspective
from joppo.data.datasets.sources import SourceConfig, list_labels, match_photos
from joppo.data.scenes.scene_source import SceneSourceConfig, scene_items
from joppo.data.taxonomy.categories import CATEGORIES
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.evaluation.config import SetConfig
from joppo.training.rehearsal.outcome import Warned

FEW_SCORED = 500
"""scored photos below which preferences teach little"""
_MISSING = 0.05


@dataclass
class Surveyed:
    """Counts of one source or set."""

    name: str
    photos: int = 0
    """with a label"""
    scored: int = 0
    composed: int = 0
    """with a composition category"""
    missing: int = 0
    """labels without a photo"""
    unlabelled: int = 0
    """photos without a label"""
    rejected: int = 0
    """rows of the labels that cannot be used"""
    categories: Counter[int] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)

    def row(self) -> dict[str, Any]:
        """As a row of the stage's figures."""
        return {
            "source": self.name,
            "photos": self.photos,
            "scored": self.scored,
            "missing": self.missing,
            "unlabelled": self.unlabelled,
            "rows rejected": self.rejected,
        }


def survey_source(config: SourceConfig, base: Path) -> Surveyed:
    """Counts of a source of a build.

    Raises:
        DatasetFormatError: it cannot be read; the message says why.
    """
    found = Surveyed(config.name)
    if config.images is None:
        for result in list_labels(config, base):
            if isinstance(result, Reject):
                found.rejected += 1
            else:
                _count(found, result)
        return found
    for match in match_photos(config, list_labels(config, base), base):
        if not isinstance(match, Reject):
            _count(found, match[0])
        elif match.reason == "missing_image":
            found.missing += 1
        elif match.reason == "unlabelled_image":
            found.unlabelled += 1
        else:
            found.rejected += 1
    return found


def survey_scenes(config: SceneSourceConfig) -> Surveyed:
    """Counts of rendered photos; every one has a score and all attributes."""
    items = scene_items(config)
    found = Surveyed("scenes", photos=len(items), scored=len(items), composed=len(items))
    found.categories.update(item["category"] for item in items)
    found.attributes.update({name: len(items) for name in load_rubric().names})
    return found


def survey_questions(one: SetConfig, base: Path) -> int:
    """Photos or questions of an evaluation set that is read from a source."""
    assert one.source is not None
    if one.source.kind == "mmperspective":
        rows = read_mmperspective(Path(base, str(one.source.labels)))
        return sum(isinstance(row, Question) for row in rows)
    labels = list_labels(one.source, base)
    splits = Counter(None if isinstance(row, Reject) else row.split or "none" for row in labels)
    del splits[None]
    if one.split == "all":
        count = splits.total()
    else:
        count = splits[one.split] + round(splits["none"] * getattr(one.splits, one.split))
    return count if one.limit is None else min(count, one.limit)


def survey_warnings(sources: Sequence[Surveyed], attributes: Sequence[str]) -> list[Warned]:
    """What is lacking in the photos of a build.

    Args:
        attributes: of the rubric.
    """
    warnings = [
        Warned(
            f"{one.name}: {one.missing:,} of {one.missing + one.photos:,} labelled photos are "
            "missing",
            "fetch them: `joppo labels KIND LABELS --images FOLDER` names them",
        )
        for one in sources
        if one.missing > _MISSING * (one.missing + one.photos)
    ]
    scored = sum(one.scored for one in sources)
    if scored < FEW_SCORED:
        warnings.append(
            Warned(
                f"{scored:,} photos have a score of people, which JoPPO learns from",
                f"add a dataset with scores; below {FEW_SCORED} preferences teach little",
            )
        )
    categories = sum((one.categories for one in sources), Counter[int]())
    if empty := [CATEGORIES[n].abbreviation for n in CATEGORIES if not categories[n]]:
        warnings.append(
            Warned(
                f"no photo of the composition{'s' * (len(empty) > 1)} {', '.join(empty)}",
                "synthesis has no photo to start from: add some, or expect these to stay unknown",
            )
        )
    known = sum((one.attributes for one in sources), Counter[str]())
    if unknown := [name for name in attributes if not known[name]]:
        warnings.append(
            Warned(
                f"no label of {', '.join(unknown)}",
                "no question asks for an attribute that has no label: add a dataset that has it",
            )
        )
    return warnings


def _count(found: Surveyed, label: Any) -> None:
    found.photos += 1
    if label is None:
        return
    found.scored += label.mos is not None
    found.composed += bool(label.categories)
    found.categories.update(label.categories)
    found.attributes.update(label.attributes.keys())
    found.splits[label.split or "none"] += 1
