"""Evaluation sets from a snapshot, from rendered scenes and from datasets with their ugly rows."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benchmarks.scene_corpus import build
from joppo.data.corpus.publish import CorpusNotFoundError, open_corpus
from joppo.data.datasets.base import DatasetFormatError
from joppo.data.scenes.scene_source import SceneSourceConfig
from joppo.data.store.hashing import sha256
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.evaluation.config import EvaluateConfig, SetConfig
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.predict import predict
from joppo.training.evaluation.predictions import Predictions
from joppo.training.evaluation.run import load_set
from joppo.training.trainer.examples import SnapshotError
from tests.paths import DATASET_FIXTURES
from tests.training.evaluation.judging import FakeJudge, jpeg

RUBRIC = load_rubric()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("store"))
    build(store, SceneSourceConfig(per_category=3, size=32))
    return store


def photos(folder: Path, names: Sequence[str]) -> Path:
    """A folder with another small photo for each name."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
    return folder


def load(store: Store, base: Path, **values: Any) -> EvaluationSet:
    return load_set(SetConfig(name="mine", **values), store, base, RUBRIC)


def test_a_snapshot_gives_the_questions_of_its_split_with_truths(corpus: Store) -> None:
    one = load(corpus, Path(), snapshot="latest", split="all")
    counts = Counter(item.task for item in one.items)
    assert counts["score"] == counts["composition"] == 72 and counts["perspective"] > 30
    with open_corpus(corpus) as con:
        rows = con.sql("FROM preferences").to_arrow_table().to_pylist()
        labels = con.sql("SELECT image_id, categories, attributes FROM labels").fetchall()
    prompts = {(row["image_id"], row["prompt"]): row for row in rows}
    truths = {image: (categories, attributes) for image, categories, attributes in labels}
    from joppo.data.taxonomy.categories import CATEGORIES

    for item in one.items:
        row = prompts[item.image_id, item.prompt]
        assert sha256(item.read()) == item.image_id
        if item.task == "score":
            assert item.mos == row["mos"] and item.form.names == tuple(RUBRIC.names)
            assert dict(item.attributes) == dict(truths[item.image_id][1])
        else:
            (letter,) = item.accepted
            assert letter == row["answer"] and len(item.classes) == len(item.form.names)
            right = item.classes[item.form.names.index(letter)]
            if item.task == "composition":
                assert right == CATEGORIES[truths[item.image_id][0][0]].abbreviation
                assert set(item.classes) <= {c.abbreviation for c in CATEGORIES.values()}
    assert one.snapshot and not one.rejects
    part = load(corpus, Path(), snapshot=one.snapshot, split="test")
    assert 0 < len(part.items) < len(one.items)
    few = load(corpus, Path(), snapshot="latest", split="all", limit=5, tasks=["score"])
    assert len(few.items) == 5


def test_a_snapshot_that_is_not_there_or_holds_nothing_says_what_to_do(
    corpus: Store, tmp_path: Path
) -> None:
    with pytest.raises(CorpusNotFoundError, match="joppo demo"):
        load(Store(tmp_path), Path(), snapshot="latest")
    tiny = Store(tmp_path / "tiny")
    build(
        tiny,
        SceneSourceConfig(per_category=1, size=32, split={"train": 1, "validation": 0, "test": 0}),
    )
    with pytest.raises(SnapshotError, match="split `all`"):
        load(tiny, Path(), snapshot="latest")


def test_scenes_are_rendered_once_and_know_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import joppo.training.evaluation.sets.scenes as module

    store = Store(tmp_path)
    values = {"scenes": {"per_category": 1, "seed": 9, "size": 32}}
    one = load(store, Path(), **values)
    scores = [item for item in one.items if item.task == "score"]
    assert len(scores) == 24 and all(set(RUBRIC.names) <= set(i.attributes) for i in scores)
    assert [item.mos for item in scores] != [scores[0].mos] * 24
    monkeypatch.setattr(module, "render_shard", None)
    again = load(store, Path(), **values)
    assert again.digest == one.digest and again.truth().equals(one.truth())


def test_picd_asks_for_one_of_four_or_of_all_names(tmp_path: Path) -> None:
    names = ["000001.jpg", "000002.jpg", "048594.jpg", "048939.jpg"]
    photos(tmp_path / "images", [*names, "unlabelled.jpg"])
    source = {
        "kind": "picd",
        "labels": str(DATASET_FIXTURES / "picd/labels_PICD.csv"),
        "images": "images",
    }
    one = load(Store(tmp_path / "s"), tmp_path, source=source, split="all")
    by_name = {item.item: item for item in one.items}
    assert set(by_name) == set(names)
    first = by_name["000001.jpg"]
    assert first.classes[first.form.names.index(first.accepted[0])] == "LS-Hori2"
    assert len(first.classes) == 4
    reasons = Counter(reject.reason for reject in one.rejects)
    assert reasons["unsafe_path"] >= 4 and reasons["duplicate_id"] == 1
    assert "unlabelled_image" not in reasons
    opened = load(Store(tmp_path / "s"), tmp_path, source=source, split="all", form="open")
    several = {item.item: item for item in opened.items}["048939.jpg"]
    assert len(several.form.names) == 24 and several.form.kind == "term"
    right = {several.classes[several.form.names.index(name)] for name in several.accepted}
    assert right == {"P-Cent", "L-Ver2", "LS-Hori2"}


def test_photos_without_a_split_of_their_own_get_the_one_that_ingestion_gives(
    tmp_path: Path,
) -> None:
    from joppo.data.datasets.splits import SplitConfig, hash_split

    names = [f"{n:06}.jpg" for n in range(60)]
    photos(tmp_path / "images", names)
    rows = [f"{name},HORI2,8,x,y" for name in names]
    header = "img_id,folder_name,category_id,category_abbre,category_full_name"
    (tmp_path / "labels.csv").write_text("\n".join([header, *rows]))
    source = {"kind": "picd", "labels": "labels.csv", "images": "images"}
    store = Store(tmp_path / "s")
    everything = load(store, tmp_path, source=source, split="all")
    tests = load(store, tmp_path, source=source)
    expected = {i.item for i in everything.items if hash_split(i.image_id, SplitConfig()) == "test"}
    assert {item.item for item in tests.items} == expected and 0 < len(expected) < 30


def test_mmperspective_asks_its_own_questions(tmp_path: Path) -> None:
    photos(tmp_path / "images", ["a.jpg"])
    extra = {
        "id": "q9",
        "image": "gone.jpg",
        "task": "VPP",
        "question": "?",
        "options": {"A": "l", "B": "r"},
        "answer": "A",
    }
    lines = (
        (DATASET_FIXTURES / "mmperspective/questions.jsonl").read_text() + json.dumps(extra) + "\n"
    )
    (tmp_path / "questions.jsonl").write_text(lines)
    source = {"kind": "mmperspective", "labels": "questions.jsonl", "images": "images"}
    one = load(Store(tmp_path / "s"), tmp_path, source=source)
    by_task = {item.task: item for item in one.items}
    first = by_task["VPP"]
    assert first.form.names == first.classes == ("A", "B", "C") and first.accepted == ("B",)
    assert "Where do the lines meet?" in first.prompt and "B) right" in first.prompt
    assert "(A, B or C)" in first.prompt
    assert by_task["PTR"].group == "g1"
    assert "missing_image" in {reject.reason for reject in one.rejects}


def test_ready_labels_missing_and_broken_photos(tmp_path: Path) -> None:
    names = [f"{n}.jpg" for n in range(6)]
    photos(tmp_path / "images", names[:5])
    (tmp_path / "images/4.jpg").write_bytes(b"\xff\xd8\xff broken")
    rows = [{"image": name, "gt_score": 2.0 + n} for n, name in enumerate(names)]
    (tmp_path / "AVA_test.json").write_text(json.dumps(rows))
    source = {"kind": "ready", "labels": "AVA_test.json", "images": "images"}
    store = Store(tmp_path / "s")
    one = load(store, tmp_path, source=source)
    assert one.source == "ava"  # where published figures of AVA belong
    assert {item.item: item.mos for item in one.items} == {
        f"{n}.jpg": pytest.approx((1.0 + n) / 9) for n in range(5)
    }
    assert [(reject.item, reject.reason) for reject in one.rejects] == [("5.jpg", "missing_image")]
    found = Predictions(store, "fake@1", one)
    predict(FakeJudge(), found, found.unanswered())
    rows = {row["item"]: row for row in found.table().to_pylist()}
    assert rows["4.jpg"]["status"] == "rejected"
    assert rows["4.jpg"]["reason"] == "damaged_image"


def test_one_photo_under_two_names_is_asked_once(tmp_path: Path) -> None:
    photos(tmp_path / "images", ["a.jpg"])
    (tmp_path / "images/b.jpg").write_bytes(jpeg(0))
    rows = [{"image": name, "gt_score": 3.0} for name in ("a.jpg", "b.jpg")]
    (tmp_path / "PARA_test.json").write_text(json.dumps(rows))
    source = {"kind": "ready", "labels": "PARA_test.json", "images": "images"}
    one = load(Store(tmp_path / "s"), tmp_path, source=source)
    assert [item.item for item in one.items] == ["a.jpg"]
    assert [reject.reason for reject in one.rejects] == ["duplicate_question"]


@pytest.mark.parametrize(
    ("kind", "labels", "name"),
    [
        ("cadb", "cadb", "965.jpg"),
        ("tad66k", "tad66k", None),
        ("para", "para", None),
        ("oasis", "oasis/ratings.csv", None),
    ],
)
def test_every_benchmark_with_scores_can_be_asked(
    tmp_path: Path, kind: str, labels: str, name: str | None
) -> None:
    from joppo.data.datasets import Label, read

    known = [one for one in read(kind, DATASET_FIXTURES / labels) if isinstance(one, Label)]
    photos(tmp_path / "images", sorted({one.item for one in known}))
    source = {"kind": kind, "labels": str(DATASET_FIXTURES / labels), "images": "images"}
    one = load(Store(tmp_path / "s"), tmp_path, source=source, split="all")
    truth = {label.item: label for label in known}
    assert {item.item for item in one.items} == set(truth)
    assert name is None or name in truth
    for item in one.items:
        assert item.mos == truth[item.item].mos
        assert dict(item.attributes) == dict(truth[item.item].attributes)


def test_nothing_to_ask_is_an_error_with_the_file(tmp_path: Path) -> None:
    photos(tmp_path / "images", ["z.jpg"])
    (tmp_path / "AVA_test.json").write_text('[{"image": "a.jpg", "gt_score": 3}]')
    source = {"kind": "ready", "labels": "AVA_test.json", "images": "images"}
    with pytest.raises(DatasetFormatError, match=r"AVA_test.json.*nothing to ask"):
        load(Store(tmp_path / "s"), tmp_path, source=source)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "give one of snapshot"),
        ({"snapshot": "latest", "scenes": {}}, "give one of snapshot"),
        ({"source": {"kind": "picd", "labels": "x.csv"}}, "needs images"),
        ({"source": {"kind": "photos", "images": "x"}}, "without labels"),
        ({"snapshot": "latest", "extra": 1}, "Extra inputs"),
    ],
)
def test_configs_that_cannot_work(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SetConfig(name="mine", **values)


def test_names_stand_once() -> None:
    one = {"name": "x", "snapshot": "latest"}
    with pytest.raises(ValidationError, match="two sets have one name"):
        EvaluateConfig(judges=["embedded"], sets=[one, one])
    with pytest.raises(ValidationError, match="twice in judges"):
        EvaluateConfig(judges=["embedded", "embedded"], sets=[one])


def test_the_real_photographs(real_data: Path, tmp_path: Path) -> None:
    source = {
        "kind": "oasis",
        "labels": str(real_data / "oasis/ratings.csv"),
        "images": str(real_data / "oasis"),
    }
    one = load(Store(tmp_path), Path(), source=source, split="all")
    assert len(one.items) == 243 and not one.rejects
