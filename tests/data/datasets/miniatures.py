"""Datasets of configs/paper in miniature, in their own formats, with made-up photos and labels."""

import csv
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from joppo.data.taxonomy.categories import CATEGORIES
from tests.data.pictures import painting, png

NINE = (
    *("Light", "Object", "RuleOfThirds", "BalacingElements", "ColorHarmony"),
    *("MotionBlur", "VividColor", "DoF", "Content"),
)
PARA_SCORES = (
    *("qualityScore", "compositionScore", "colorScore", "dofScore", "lightScore"),
    *("contentScore", "contentPreference", "willingnessToShare"),
)
Photos = Callable[[Path, Iterable[str]], list[str]]
TASKS = ["VPP", "CLP", "VAP", "LDP", "PTR", "LRR", "OVR", "PTS", "VPC"]


def make_datasets(out: Path, seed: int = 0, missing: int = 5) -> Path:
    """Write PICD, CADB_Dataset, PARA, TAD66K, AVA and MMPerspective to a folder.

    Args:
        missing: labels of PICD without a photo; one of AVA, unless this is 0.
    """
    rng = random.Random(seed)
    numbers = iter(range(seed * 1000, seed * 1000 + 1000))

    def photos(folder: Path, names: Iterable[str]) -> list[str]:
        kept = list(names)
        for name in kept:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(png(painting(next(numbers), 96)))
        return kept

    _picd(out / "PICD", photos, missing)
    _cadb(out / "CADB_Dataset", photos, rng)
    _para(out / "PARA", photos, rng)
    _tad66k(out / "TAD66K", photos, rng)
    names = photos(out / "AVA/images", (f"{953_980 + n}.jpg" for n in range(8)))
    ready = [
        {"image": name, "gt_score": rng.uniform(2.5, 8)}
        for name in [*names, *["1.jpg"] * bool(missing)]
    ]
    (out / "AVA/AVA_test.json").write_text(json.dumps(ready))
    _mmperspective(out / "MMPerspective", photos, rng)
    return out


def _table(path: Path, header: list[str], rows: Iterable[list[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def _picd(folder: Path, photos: Photos, missing: int) -> None:
    """Two photos of each category, and labels of photos that are missing."""
    names = photos(folder / "images", (f"{n + 1:06d}.jpg" for n in range(48)))
    names += [f"{90_000 + n:06d}.jpg" for n in range(missing)]
    rows = [
        [name, "folder", n % 24 + 1, CATEGORIES[n % 24 + 1].abbreviation, "name"]
        for n, name in enumerate(names)
    ]
    header = ["img_id", "folder_name", "category_id", "category_abbre", "category_full_name"]
    _table(folder / "labels_PICD.csv", header, rows)


def _cadb(folder: Path, photos: Photos, rng: random.Random) -> None:
    names = photos(folder / "images", (f"{10_003 + 7 * n}.jpg" for n in range(40)))
    scores, attributes = {}, {}
    for name in names:
        five = [rng.randint(1, 5) for _ in range(5)]
        shares = [five.count(score) / 5 for score in range(1, 6)]
        scores[name] = {"scores": five, "dist": shares, "mean": sum(five) / 5}
        signed = {key: round(rng.uniform(-1, 1), 2) for key in NINE}
        shares_of_one = {key: rng.random() for key in ("Symmetry", "Repetition", "score")}
        attributes[name] = signed | shares_of_one
    parts = {"train": names[:-8], "test": names[-8:]}
    for file, content in (
        ("composition_scores.json", scores),
        ("composition_attributes.json", attributes),
        ("split.json", parts),
    ):
        (folder / file).write_text(json.dumps(content))


def _para(folder: Path, photos: Photos, rng: random.Random) -> None:
    names = photos(folder / "imgs", (f"session{n % 3 + 1}/iaa_pub{n}_.jpg" for n in range(20)))
    header = ["imageName", "sessionId", "semantic"]
    header += [f"aestheticScore_{1 + n / 2}" for n in range(9)]
    header += ["aestheticScore_mean", "aestheticScore_std"]
    for kind in PARA_SCORES:
        header += [f"{kind}_{n}.0" for n in range(1, 6)] + [f"{kind}_mean", f"{kind}_std"]

    def row(name: str) -> list[object]:
        session, image = name.split("/")
        cells: list[object] = [image, session, "scene", *[1] * 9, rng.uniform(1.5, 4.5), 0.7]
        for _ in PARA_SCORES:
            cells += [*[1] * 5, round(rng.uniform(1, 5), 2), 0.7]
        return cells

    _table(folder / "annotation/PARA-GiaaTrain.csv", header, map(row, names[:12]))
    _table(folder / "annotation/PARA-GiaaTest.csv", header, map(row, names[12:]))


def _tad66k(folder: Path, photos: Photos, rng: random.Random) -> None:
    names = photos(folder / "images", (f"{5_000 + n}.jpg" for n in range(12)))
    rows = [[name, round(rng.uniform(1, 9.5), 3)] for name in names]
    _table(folder / "labels/merge/train.csv", ["image", "score"], rows[:4])
    _table(folder / "labels/merge/test.csv", ["image", "score"], rows[4:])


def _mmperspective(folder: Path, photos: Photos, rng: random.Random) -> None:
    names = photos(folder / "images", (f"{n}.jpg" for n in range(8)))
    lines = [
        {
            "id": f"q{n}",
            "image": names[n % len(names)],
            "task": TASKS[n % 9],
            "question": "Where do the lines that run away from the camera meet?",
            "options": {letter: f"option {letter.lower()}" for letter in "ABCD"},
            "answer": rng.choice("ABCD"),
        }
        for n in range(2 * len(names))
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
