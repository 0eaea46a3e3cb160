"""Readers: label files of public datasets -> streams of `Label` and `Reject`.

for result in read("picd", "labels_PICD.csv"): ...
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from joppo.data.datasets.aadb import read_aadb
from joppo.data.datasets.ava import read_ava
from joppo.data.datasets.base import DatasetFormatError, Label, Reject
from joppo.data.datasets.cadb import read_cadb
from joppo.data.datasets.mmperspective import read_mmperspective_photos
from joppo.data.datasets.oasis import read_oasis
from joppo.data.datasets.para import read_para
from joppo.data.datasets.photos_csv import read_photos_csv
from joppo.data.datasets.picd import read_picd
from joppo.data.datasets.ready import read_ready
from joppo.data.datasets.tad66k import read_tad66k

__all__ = ["READERS", "DatasetFormatError", "Label", "Reject", "read"]

READERS: dict[str, Callable[..., Iterator[Label | Reject]]] = {
    "aadb": read_aadb,
    "ava": read_ava,
    "cadb": read_cadb,
    "mmperspective": read_mmperspective_photos,
    "oasis": read_oasis,
    "para": read_para,
    "photos_csv": read_photos_csv,
    "picd": read_picd,
    "ready": read_ready,
    "tad66k": read_tad66k,
}


def read(kind: str, path: str | Path, **options: Any) -> Iterator[Label | Reject]:
    """Labels and rejects of a dataset's label file or folder.

    Raises:
        ValueError: no such kind; the message lists those there are.
        DatasetFormatError: the file is not of that format (at the first `next`).
    """
    if kind not in READERS:
        raise ValueError(f"no reader {kind!r}; there are: {', '.join(READERS)}")
    return READERS[kind](path, **options)
