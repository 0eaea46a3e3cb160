"""Readers: label files of public datasets -> streams of `Label` and `Reject`.

for result in read("picd", "labels_PICD.csv"): ...
for result in read("my_package.readers:read_flickr", "scores.tsv", scale=(1, 5)): ...
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from joppo.data.datasets.base import DatasetFormatError, Label, Reader, Reject
from joppo.data.registry import Registry

__all__ = ["READERS", "DatasetFormatError", "Label", "Reader", "Reject", "read"]

READERS: Registry[Reader] = Registry(
    "reader",
    {
        "aadb": "joppo.data.datasets.aadb:read_aadb",
        "ava": "joppo.data.datasets.ava:read_ava",
        "cadb": "joppo.data.datasets.cadb:read_cadb",
        "mmperspective": "joppo.data.datasets.mmperspective:read_mmperspective_photos",
        "oasis": "joppo.data.datasets.oasis:read_oasis",
        "para": "joppo.data.datasets.para:read_para",
        "photos_csv": "joppo.data.datasets.photos_csv:read_photos_csv",
        "picd": "joppo.data.datasets.picd:read_picd",
        "ready": "joppo.data.datasets.ready:read_ready",
        "tad66k": "joppo.data.datasets.tad66k:read_tad66k",
    },
)


def read(kind: str, path: str | Path, **options: Any) -> Iterator[Label | Reject]:
    """Labels and rejects of a dataset's label file or folder.

    Args:
        kind: name of a built-in reader, or `package.module:name` of another one.
        path: the label file or folder.
        options: keyword arguments of that reader.

    Raises:
        UnknownPartError: there is no such reader; the message lists the built-in ones.
        DatasetFormatError: the file is not of the reader's format (at the first `next`).
    """
    return iter(READERS.get(kind)(path, **options))
