"""A sample stands for its sources: splits, categories and scores, the same on any machine."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joppo.data.datasets.base import Label, Reject
from joppo.data.datasets.item import Item
from joppo.data.datasets.sample import representative, sample_sources, shares
from joppo.data.datasets.sources import SourceConfig, list_sources
from tests.data.datasets.miniatures import make_datasets

SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_datasets(tmp_path_factory.mktemp("datasets"))


def sources() -> list[SourceConfig]:
    picd = {"kind": "picd", "labels": "PICD/labels_PICD.csv", "images": "PICD/images"}
    cadb = {"kind": "cadb", "labels": "CADB_Dataset", "images": "CADB_Dataset/images"}
    return [SourceConfig.model_validate(one) for one in (cadb, picd)]


def sampled(base: Path, photos: int) -> tuple[list[Item], list[Reject]]:
    found = list(sample_sources(sources(), photos, base))
    return (
        [one for one in found if isinstance(one, Item)],
        [one for one in found if isinstance(one, Reject)],
    )


def test_sources_splits_categories_and_scores_are_all_there(datasets: Path) -> None:
    items, rejects = sampled(datasets, 48)
    assert Counter(item.source for item in items) == {0: 24, 1: 24}
    labels = [item.label for item in items if item.label is not None]
    picd = Counter(label.categories for label in labels if label.dataset == "picd")
    assert len(picd) == 24 and set(picd.values()) == {1}
    cadb = [label for label in labels if label.dataset == "cadb"]
    assert Counter(label.split for label in cadb) == {"train": 15, "validation": 5, "test": 4}
    every = [one for one in list_sources(sources(), datasets) if isinstance(one, Item)]
    scores = sorted(i.label.mos for i in every if i.label and i.label.mos is not None)
    train = [label.mos for label in cadb if label.split != "test" and label.mos is not None]
    fifths = Counter(5 * sum(s < mos for s in scores) // len(scores) for mos in train)
    assert len(fifths) == len({5 * sum(s < m for s in scores) // len(scores) for m in scores})
    assert {reject.reason for reject in rejects} == {"missing_image"}
    assert all(reject.detail.startswith("picd: ") for reject in rejects)


def test_the_same_photos_wherever_they_lie_and_few_are_among_many(
    datasets: Path, tmp_path: Path
) -> None:
    shutil.copytree(datasets, tmp_path / "elsewhere")
    here = [item.content() for item in sampled(datasets, 20)[0]]
    assert here == [item.content() for item in sampled(tmp_path / "elsewhere", 20)[0]]
    every, _ = sampled(datasets, 10_000)
    listed = [one for one in list_sources(sources(), datasets) if isinstance(one, Item)]
    assert {item.key for item in every} == {item.key for item in listed}


@given(SIZES, st.integers(0, 120))
def test_shares_are_equal_as_far_as_there_are_photos(sizes: list[int], total: int) -> None:
    given_ = shares(sizes, total)
    assert sum(given_) == min(total, sum(sizes))
    assert all(share <= size for share, size in zip(given_, sizes, strict=True))
    open_ones = [share for share, size in zip(given_, sizes, strict=True) if share < size]
    assert max(open_ones, default=0) - min(open_ones, default=0) <= 1
    assert all(share <= max(open_ones, default=total) + 1 for share in given_)


@given(st.integers(1, 60))
def test_a_split_that_is_stated_is_in_every_sample(count: int) -> None:
    found = [
        (Label(f"{n}.jpg", "d", mos=n / 60, split="test" if n % 9 == 0 else "train"), Path(f"{n}"))
        for n in range(60)
    ]
    chosen = representative(found, count)
    assert len(chosen) == len({path for _, path in chosen}) == count
    assert any(label.split == "test" for label, _ in chosen if label is not None)
