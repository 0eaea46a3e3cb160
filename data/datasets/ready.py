"""Ready test labels: the JSON form in which test scores of many benchmarks are passed on.

Source: repository thunderbolt215/ArtiMuse ships `AVA_test.json` (19,930), `PARA_test.json` (3,000)
and `TAD66K_test.json` (14,079). The licence is that of the benchmark and binds the user.

Format: a JSON array `[{"image": "953980.jpg", "gt_score": 5.21}, ...]`; further keys are ignored.
Scale: the benchmark's own. Known ones are AVA 1-10, PARA 1-5 and TAD66K 1-10; state the scale of
any other. `mos` maps it to [0, 1].

Traps: the file states neither dataset nor scale nor split: `<DATASET>_<split>.json` in its name is
read where they are not given. The gt_score of PARA is on 1-5, not on the 1-10 of its neighbours.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from joppo.data.datasets.base import SPLITS, DatasetFormatError, Label, Reject, read_rows
from joppo.data.datasets.cells import cell, item_name, number, unit
from joppo.data.datasets.label_files import json_records

SCALES = {"ava": (1.0, 10.0), "para": (1.0, 5.0), "tad66k": (1.0, 10.0)}
_NAME = re.compile(rf"(?P<dataset>.+)_(?P<split>{'|'.join(SPLITS)})")


def read_ready(
    path: str | Path,
    dataset: str | None = None,
    scale: tuple[float, float] | None = None,
    split: str | None = None,
) -> Iterator[Label | Reject]:
    """Labels of a ready list; `scale` is (low end, high end) of `gt_score`.

    Raises:
        DatasetFormatError: not a JSON array, or the scale is neither given nor one of those above.
    """
    path = Path(path)
    name = _NAME.fullmatch(path.stem.lower())
    dataset = dataset or (name["dataset"] if name else path.stem.lower())
    ends = scale or SCALES.get(dataset)
    if ends is None:
        problem = f"the scale of {dataset!r} is unknown"
        raise DatasetFormatError(path, problem, "State `scale`: low and high end of gt_score")
    split = split or (name["split"] if name else None)
    yield from read_rows(path, json_records(path), _parser(dataset, ends, split))


def _parser(
    dataset: str, ends: tuple[float, float], split: str | None
) -> Callable[[dict[str, Any]], Label]:
    def parse(record: dict[str, Any]) -> Label:
        raw = number(cell(record, "gt_score"), *ends, "gt_score")
        item = item_name(cell(record, "image"), "image")
        return Label(item, dataset, mos=unit(raw, *ends), mos_raw=raw, split=split)

    return parse
