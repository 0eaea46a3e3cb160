"""Stored answers: asked once, kept when a run is killed, honest about failures."""

import math

import pytest

from joppo.data.questions.answer_format import completion
from joppo.data.store.store import Store, StoreError
from joppo.training.evaluation import predict as module
from joppo.training.evaluation.items import EvaluationSet
from joppo.training.evaluation.predict import UnansweredError, predict
from joppo.training.evaluation.predictions import Predictions
from joppo.training.judges.answers import Judgement
from joppo.training.judges.judge import Reply
from tests.training.evaluation.judging import FakeJudge, choice_item, jpeg, said, score_item


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 4)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def scores(count: int) -> EvaluationSet:
    return EvaluationSet("mine", "test", [score_item(i, i / count) for i in range(count)])


def asked(judge: FakeJudge, found: Predictions) -> int:
    before = len(judge.asked)
    if todo := found.unanswered():
        predict(judge, found, todo)
    return len(judge.asked) - before


def test_asks_once_and_never_again(store: Store) -> None:
    judge, one = FakeJudge(), scores(10)
    found = Predictions(store, judge.name, one)
    assert asked(judge, found) == 10
    first = found.table()
    assert asked(judge, Predictions(store, judge.name, one)) == 0
    assert found.table().equals(first) and first.num_rows == 10
    assert set(first["status"].to_pylist()) == {"ok"}
    assert {len(row) for row in first["attributes"].to_pylist()} == {2}


def test_a_killed_run_goes_on_after_the_last_answer(store: Store) -> None:
    one = scores(10)
    found = Predictions(store, "fake@1", one)
    with pytest.raises(KeyboardInterrupt):
        asked(FakeJudge(name="fake@1", stop_after=7), found)
    assert found.table().num_rows == 7
    rest = FakeJudge(name="fake@1")
    assert asked(rest, found) == 3
    undisturbed = Predictions(Store(f"{store.root}-other"), "fake@1", one)
    asked(FakeJudge(name="fake@1"), undisturbed)
    order = [("question", "ascending")]
    assert found.table().sort_by(order).equals(undisturbed.table().sort_by(order))


def test_another_version_of_the_judge_or_of_the_set_is_asked_anew(store: Store) -> None:
    one = scores(5)
    keys = {
        Predictions(store, "fake@1", one).key,
        Predictions(store, "fake@2", one).key,
        Predictions(store, "fake@1", scores(4)).key,
    }
    assert len(keys) == 3
    renamed = EvaluationSet("other name", "test", list(reversed(one.items)))
    assert Predictions(store, "fake@1", renamed).key == Predictions(store, "fake@1", one).key


def test_a_failed_answer_is_a_row_with_its_reason_and_no_number(store: Store) -> None:
    one = EvaluationSet("mine", "test", [score_item(0, 0.5), choice_item(1, "A")])
    found = Predictions(store, "fake@1", one)
    asked(FakeJudge(said("It is lovely!")), found)
    for row in found.table().to_pylist():
        assert (row["status"], row["reason"]) == ("unparsed", "missing_tag")
        assert row["total"] is None and row["answer"] is None and row["attributes"] == []
        assert row["raw_text"] == "It is lovely!"


def test_a_broken_photo_is_no_failure_of_the_judge(store: Store) -> None:
    items = [score_item(i, 0.5) for i in range(4)]
    broken = {items[0].image_id: b"", items[1].image_id: jpeg(99), items[2].image_id: None}

    def read(item):
        def content() -> bytes:
            if broken[item.image_id] is None:
                raise FileNotFoundError(item.item)
            return broken[item.image_id]

        return content

    spoilt = [
        module.Item(i.image_id, i.item, i.task, i.prompt, i.form, read(i), mos=0.5)
        for i in items[:3]
    ]
    one = EvaluationSet("mine", "test", [*spoilt, items[3]])
    found, judge = Predictions(store, "fake@1", one), FakeJudge()
    assert asked(judge, found) == 4
    rows = {row["item"]: (row["status"], row["reason"]) for row in found.table().to_pylist()}
    assert rows == {
        "0.png": ("rejected", "changed_file"),
        "1.png": ("rejected", "changed_file"),
        "2.png": ("rejected", "missing_image"),
        "3.png": ("ok", None),
    }
    assert asked(judge, found) == 0
    mended = EvaluationSet("mine", "test", [items[0], *one.items[1:]])
    again = Predictions(store, "fake@1", mended)
    assert asked(judge, again) == 1
    assert again.table().num_rows == 4
    assert sorted(again.table()["status"].to_pylist()) == ["ok", "ok", "rejected", "rejected"]


def test_a_judge_that_skips_questions_is_an_error(store: Store) -> None:
    class Lazy(FakeJudge):
        def ask(self, questions):
            yield from list(super().ask(questions))[:3]

    found = Predictions(store, "fake@1", scores(5))
    with pytest.raises(UnansweredError, match=r"2 of 5 questions .*2 no_reply"):
        asked(Lazy(), found)
    assert found.table().num_rows == 3


def test_a_judge_out_of_reach_has_not_answered(store: Store) -> None:
    class Flaky(FakeJudge):
        def _reply(self, question):
            if len(self.asked) > 3:
                return super()._reply(question)
            return Reply(Judgement(math.nan, (), None, "timeout"), "", "", 6)

    found = Predictions(store, "fake@1", scores(5))
    with pytest.raises(UnansweredError, match=r"3 of 5 .*3 timeout"):
        asked(Flaky(), found)
    assert found.table()["status"].to_pylist() == ["ok", "ok"]
    assert asked(FakeJudge(), found) == 3


def test_an_empty_text_is_an_answer(store: Store) -> None:
    found = Predictions(store, "fake@1", scores(2))
    asked(FakeJudge(said("")), found)
    assert found.table()["reason"].to_pylist() == ["missing_tag"] * 2


def test_progress_counts_what_was_answered_before(store: Store) -> None:
    one = scores(10)
    found = Predictions(store, "fake@1", one)
    with pytest.raises(KeyboardInterrupt):
        asked(FakeJudge(stop_after=6), found)
    told: list[tuple[int, int]] = []
    predict(FakeJudge(), found, found.unanswered(), lambda done, total: told.append((done, total)))
    assert told[0] == (6, 10) and told[-1] == (10, 10)


def test_a_damaged_part_names_the_remedy(store: Store) -> None:
    found = Predictions(store, "fake@1", scores(4))
    asked(FakeJudge(), found)
    (part,) = [name for name in store.names(found.folder) if name.startswith("part-")]
    store.write_bytes(f"{found.folder}/{part}", b"not parquet")
    with pytest.raises(StoreError, match="delete it"):
        found.table()


def test_choices_keep_the_answer(store: Store) -> None:
    one = EvaluationSet("mine", "test", [choice_item(1, "A")])
    found = Predictions(store, "fake@1", one)
    asked(FakeJudge(said(completion("hm", "B"))), found)
    (row,) = found.table().to_pylist()
    assert (row["answer"], row["status"], row["total"]) == ("B", "ok", None)
