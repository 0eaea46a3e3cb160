"""CADB in miniature: as many photos as a test needs, in the dataset's exact form."""

import json
from collections.abc import Callable
from pathlib import Path

from joppo.data.datasets.aadb import ATTRIBUTES
from joppo.data.datasets.cadb import ATTRIBUTES as ATTRIBUTES_FILE
from joppo.data.datasets.cadb import SCORES, SPLIT


def write_cadb(folder: Path, train: int, test: int, draw: Callable[[Path, int], None]) -> None:
    """Labels and photos; `draw(path, seed)` makes a photo. Qualities spread evenly from 1 to 5."""
    names = [f"{number}.jpg" for number in range(train + test)]
    scores, attributes = {}, {}
    (folder / "images").mkdir(parents=True)
    for seed, name in enumerate(names):
        draw(folder / "images" / name, seed)
        mean = 1 + 4 * seed / (len(names) - 1)
        scores[name] = {"scores": [3] * 5, "dist": [0, 0, 1, 0, 0], "mean": mean}
        values = {
            column: low + (high - low) * (seed % (3 + place)) / (2 + place)
            for place, (column, (_, low, high)) in enumerate(ATTRIBUTES.items())
        }
        attributes[name] = values | {"score": (mean - 1) / 4}
    parts = {"train": names[:train], "test": names[train:]}
    for file, content in ((SCORES, scores), (ATTRIBUTES_FILE, attributes), (SPLIT, parts)):
        (folder / file).write_text(json.dumps(content))
