"""CADB: composition scores and attributes of 9,497 photographs (BMVC 2021).

Source: repository bcmi/Image-Composition-Assessment-Dataset-CADB; the photos are those of AADB.
Licence: research use, with AADB's photo licences; both bind the user.

Format: folder `CADB_Dataset` with `images/<n>.jpg` and JSON files, of which three are read:
`composition_scores.json` (`{"10003.jpg": {"scores": [five of 1-5], "dist": [...], "mean": 2.2}}`),
`composition_attributes.json` (eleven AADB attributes and `score`, AADB's aesthetic score) and
`split.json` (`train` 8,547 names, `test` 950).

Which number is the total? Both fit a judge's output, so `total` decides: `composition_mean`
(default; 1-5, five raters, because CADB is named for composition) or `aesthetic_score` (AADB's,
0-1). The total goes into `mos` and `mos_raw`; the other number is left out.

Attributes: names, meaning and scale as in data/datasets/aadb.py ([-1, 1]; symmetry and repetition
in [0, 1]), and all five of the photography rubric in [-1, 1]: composition is the composition mean
mapped from 1-5 (whatever the total is), color the mean of `ColorHarmony` and `VividColor`, and
light, depth_of_field and content are `Light`, `DoF` and `Content`.

Traps: the spelling `BalacingElements`; a photo in both parts of the split would leak and is
rejected (`ambiguous_split`), one in neither too (`missing_split`); the only parts are train and
test, so a share of the train photos becomes validation (`validation_share` of a source).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from joppo.data.datasets.aadb import RUBRIC, attributes_of
from joppo.data.datasets.base import BadRowError, DatasetFormatError, Label, Reject, read_rows
from joppo.data.datasets.cells import item_name, number, unit
from joppo.data.datasets.label_files import JsonPairs, json_entries
from joppo.data.datasets.rubric_attributes import Column, rubric_attributes

DATASET = "cadb"
Total = Literal["composition_mean", "aesthetic_score"]
SCORES, ATTRIBUTES, SPLIT = (
    "composition_scores.json",
    "composition_attributes.json",
    "split.json",
)
COMPOSITION = {"composition": (Column("mean", 1.0, 5.0),)}
"""What the composition scores say about the rubric, beside what the attributes say."""
Entry = tuple[str, Any]


def read_cadb(path: str | Path, total: Total = "composition_mean") -> Iterator[Label | Reject]:
    """Labels of the folder `CADB_Dataset`: `mos`, `raters`, `attributes` and `split`.

    Raises:
        DatasetFormatError: one of the three JSON files is missing or of another form.
    """
    folder = Path(path)
    splits = _read_split(folder / SPLIT)
    scored = list(json_entries(folder / SCORES))
    described = list(json_entries(folder / ATTRIBUTES))
    scores, attributes = _by_name(scored), _by_name(described)
    parse = partial(_parse, total=total, scores=scores, attributes=attributes, splits=splits)
    yield from read_rows(folder / SCORES, scored, parse)
    rest = ((index, entry) for index, entry in described if entry[0] not in scores)
    yield from read_rows(folder / ATTRIBUTES, rest, parse)


def _parse(
    entry: Entry,
    total: Total,
    scores: Mapping[str, Any],
    attributes: Mapping[str, Any],
    splits: Mapping[str, set[str]],
) -> Label:
    item = item_name(entry[0])
    rated, described = _values(scores, item, SCORES), _values(attributes, item, ATTRIBUTES)
    raw, low, high = _total(total, rated, described)
    ratings = rated.get("scores")
    raters = len(ratings) if total == "composition_mean" and isinstance(ratings, list) else None
    return Label(
        item,
        DATASET,
        mos=unit(raw, low, high),
        mos_raw=raw,
        raters=raters,
        attributes=attributes_of(described)
        | rubric_attributes(described, RUBRIC)
        | rubric_attributes(rated, COMPOSITION),
        split=_split_of(splits, item),
    )


def _total(
    total: Total, rated: Mapping[str, Any], described: Mapping[str, Any]
) -> tuple[float, float, float]:
    """(value, low end, high end) of the number that the config calls the total."""
    source, key, low, high, file = {
        "composition_mean": (rated, "mean", 1.0, 5.0, SCORES),
        "aesthetic_score": (described, "score", 0.0, 1.0, ATTRIBUTES),
    }[total]
    if key not in source:
        detail = f"{file} has no {key} of the photo; leave the photo out or choose another total"
        raise BadRowError("missing_score", detail)
    return number(source[key], low, high, key), low, high


def _values(table: Mapping[str, Any], item: str, file: str) -> dict[str, Any]:
    value = table.get(item, JsonPairs())
    if not isinstance(value, JsonPairs) or len(dict(value)) != len(value):
        raise BadRowError("bad_record", f"{file} holds no plain object for {item}; correct it")
    return dict(value)


def _by_name(entries: Iterable[tuple[int, Entry]]) -> dict[str, Any]:
    """Name -> value; of a repeated name, the first value is used."""
    table: dict[str, Any] = {}
    for _, (name, value) in entries:
        table.setdefault(name, value)
    return table


def _read_split(path: Path) -> dict[str, set[str]]:
    parts = dict(entry for _, entry in json_entries(path))
    for name in ("train", "test"):
        names = parts.get(name)
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise DatasetFormatError(path, f"has no list {name!r} of names", "Use CADB's own file")
    return {name: set(parts[name]) for name in ("train", "test")}


def _split_of(splits: Mapping[str, set[str]], item: str) -> str:
    found = [name for name, items in splits.items() if item in items]
    if len(found) > 1:
        raise BadRowError("ambiguous_split", f"{item} is in train and test; remove it from one")
    if not found:
        raise BadRowError("missing_split", f"{item} is in no part of {SPLIT}; add it to one")
    return found[0]
