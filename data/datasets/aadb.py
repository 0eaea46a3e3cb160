"""AADB: aesthetic score and eleven attributes of Flickr photographs (ECCV 2016).

Source: repository aimerykong/deepImageAestheticsAnalysis; photos and lists are separate downloads.
Licence: research use; the photos stay under their owners' Flickr licences. Both bind the user.

Format: `imgListFiles_label/imgList<split>_<name>.txt`, split `TrainRegression` (8,458 photos),
`ValidationRegression` (500) or `TestNewRegression` (1,000), name `score` or an attribute, lines of
`<file> <value>`. Five raters a photo; the lists do not state them, so `raters` is None.

Scale: `score` in [0, 1], taken as the MOS unchanged. Attributes in [-1, 1]; Symmetry and
Repetition in [0, 1]. They keep the dataset's own meaning under snake_case names. Of the photography
rubric, light, depth_of_field (`DoF`) and content correspond by name, and color is the mean of
`ColorHarmony` and `VividColor`; no attribute is composition as a whole, so nothing stands for it,
and questions that ask for all five attributes are not asked about these photos.

Traps: the spelling `BalacingElements`; the archive nests `imgListFiles_label` in itself; an older
`TestRegression` list exists and is not read. A photo that an attribute list lacks has no value of
that attribute. The test list is read first: a photo in several lists stays in test.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from joppo.data.datasets.base import BadRowError, DatasetFormatError, Label, Reject
from joppo.data.datasets.base import read_rows as labels_of
from joppo.data.datasets.cells import item_name, number, shown
from joppo.data.datasets.label_files import text_lines
from joppo.data.datasets.rubric_attributes import Column, RubricMapping, rubric_attributes

DATASET = "aadb"
SPLITS = {
    "TestNewRegression": "test",
    "ValidationRegression": "validation",
    "TrainRegression": "train",
}
ATTRIBUTES: dict[str, tuple[str, float, float]] = {
    "BalacingElements": ("balancing_elements", -1, 1),
    "ColorHarmony": ("color_harmony", -1, 1),
    "Content": ("content", -1, 1),
    "DoF": ("depth_of_field", -1, 1),
    "Light": ("light", -1, 1),
    "MotionBlur": ("motion_blur", -1, 1),
    "Object": ("object", -1, 1),
    "Repetition": ("repetition", 0, 1),
    "RuleOfThirds": ("rule_of_thirds", -1, 1),
    "Symmetry": ("symmetry", 0, 1),
    "VividColor": ("vivid_color", -1, 1),
}
"""The dataset's name -> our name, low end, high end. CADB has the same attributes."""
RUBRIC: RubricMapping = {
    "color": (Column("ColorHarmony"), Column("VividColor")),
    "content": (Column("Content"),),
    "depth_of_field": (Column("DoF"),),
    "light": (Column("Light"),),
}
"""What the attributes say about the photography rubric; the same in CADB."""


def read_aadb(path: str | Path) -> Iterator[Label | Reject]:
    """Labels of the folder `imgListFiles_label`: `mos`, `attributes` and `split`.

    Raises:
        DatasetFormatError: no score list in the folder, or a list whose first line is not a pair.
    """
    folder = _list_folder(Path(path))
    first: dict[str, str] = {}
    for name, split in SPLITS.items():
        scores = folder / f"imgList{name}_score.txt"
        if not scores.is_file():
            continue
        values: dict[str, dict[str, float]] = {}
        for attribute, spec in ATTRIBUTES.items():
            attribute_list = folder / f"imgList{name}_{attribute}.txt"
            if attribute_list.is_file():
                yield from _read_attribute(attribute_list, spec, values)
        yield from labels_of(scores, _pairs(scores), _parser(split, values), first)
        yield from _unscored(scores, values)


def attributes_of(values: Mapping[str, Any]) -> dict[str, float]:
    """Checked attributes under our names; those that the photo lacks are absent."""
    return {
        name: number(values[column], low, high, column)
        for column, (name, low, high) in ATTRIBUTES.items()
        if column in values
    }


def _list_folder(folder: Path) -> Path:
    for candidate in (folder, folder / "imgListFiles_label"):
        if any((candidate / f"imgList{name}_score.txt").is_file() for name in SPLITS):
            return candidate
    remedy = "Name the folder imgListFiles_label of AADB"
    raise DatasetFormatError(folder, "holds no imgList<split>_score.txt", remedy)


def _pairs(path: Path) -> Iterator[tuple[int, list[str] | BadRowError]]:
    is_first = True
    for line, text in text_lines(path):
        pair = text.rsplit(maxsplit=1)
        if len(pair) != 2 and is_first:
            problem = f"is not a list of `<file> <value>` (line {line})"
            raise DatasetFormatError(path, problem, "Name AADB's own list")
        is_first = False
        if len(pair) == 2:
            yield line, pair
        else:
            yield line, BadRowError("wrong_column_count", f"{shown(text)} is not `<file> <value>`")


def _read_attribute(
    path: Path, spec: tuple[str, float, float], values: dict[str, dict[str, float]]
) -> Iterator[Reject]:
    name, low, high = spec
    for line, pair in _pairs(path):
        try:
            if isinstance(pair, BadRowError):
                raise pair
            value = number(pair[1], low, high, name)
            if name in values.setdefault(pair[0], {}):
                raise BadRowError("duplicate_id", f"{shown(pair[0])} stands above; remove one row")
            values[pair[0]][name] = value
        except BadRowError as error:
            yield Reject("read", f"{path.name}:{line}", error.reason, error.detail)


def _unscored(scores: Path, values: Mapping[str, dict[str, float]]) -> Iterator[Reject]:
    scored = {pair[0] for _, pair in _pairs(scores) if isinstance(pair, list)}
    for name in sorted(values.keys() - scored):
        detail = f"{shown(name)} has attributes and no score; add it to {scores.name}"
        yield Reject("read", f"{scores.name}:{name}", "missing_score", detail)


def _parser(split: str, values: Mapping[str, dict[str, float]]) -> Callable[[list[str]], Label]:
    def parse(pair: list[str]) -> Label:
        item = item_name(pair[0])
        score = number(pair[1], 0, 1, "score")
        attributes = values.get(item, {}) | _of_rubric(values.get(item, {}))
        return Label(item, DATASET, mos=score, mos_raw=score, attributes=attributes, split=split)

    return parse


def _of_rubric(attributes: Mapping[str, float]) -> dict[str, float]:
    columns = {column: attributes.get(name) for column, (name, *_) in ATTRIBUTES.items()}
    return rubric_attributes({c: v for c, v in columns.items() if v is not None}, RUBRIC)
