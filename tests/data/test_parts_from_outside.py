"""A reader, a teacher and question templates of a user's own, through a small build."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from joppo.data.datasets import Label, Reject
from joppo.data.datasets.ingest import IngestConfig, ingest_shard
from joppo.data.datasets.item import Item
from joppo.data.datasets.labelled import LabelledPhoto, labelled_photos
from joppo.data.datasets.sources import SourceConfig, list_labels, list_sources
from joppo.data.questions.template_pool import load_templates
from joppo.data.reasoning.config import ReasoningConfig, Route
from joppo.data.reasoning.plan_cost import Workload, plan_cost, requests_by_teacher
from joppo.data.reasoning.reason import reason_shard, shard_requests
from joppo.data.store.store import Store
from joppo.data.teachers.ask import close_gateways, make_ask
from joppo.data.teachers.config import Price, ProviderConfig, TeachersConfig
from joppo.training.judges.config import EndpointJudgeConfig
from tests.data.pictures import painting, png

MODULE = '''
from joppo.data.datasets import Label, Reject
from joppo.data.questions.answer_format import completion
from joppo.data.teachers.base import TeacherAnswer

TEXT = "The {0} here is what I notice first, and then I see how the {1} is made of {2} parts."

def read_words(path, scale=1.0, separator=" "):
    """Lines of `<file> <category> <score>`."""
    for number, line in enumerate(open(path), start=1):
        name, category, score = line.split(separator)
        if float(score) > scale:
            yield Reject("read", f"words.txt:{number}", "out_of_range", "correct the score")
        else:
            mos = float(score) / scale
            yield Label(name, "words", categories=(int(category),), mos=mos, mos_raw=float(score))

class Guide:
    """Answers from the label, offline."""

    offline = True
    reads_label = True
    version = "guide-1"

    def __init__(self, config, key):
        self.provider, self.model = config.provider, config.model

    def answer(self, request):
        words = (request.request_id[:9], request.image_id[:9], request.template_id)
        truth = request.context.question.truth
        return TeacherAnswer("ok", "stop", completion(TEXT.format(*words), truth))

    async def ask(self, request):
        return self.answer(request)

class Paid(Guide):
    """The same answers, through the gateway, with a key and a price."""

    offline = False
    key_env = "OWN_KEY"

    def __init__(self, config, key):
        super().__init__(config, key)
        assert key.get_secret_value() == "own-canary"

    async def ask(self, request):
        import dataclasses
        answer = self.answer(request)
        return dataclasses.replace(answer, prompt_tokens=100, completion_tokens=10)
'''
TEMPLATES = """
task: composition
templates:
  - id: own-open-name
    form: open
    topic: category
    answer: term
    version: 1
    text: "Which of these layouts is it: {{ vocabulary }}? {{ answer_form }}"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder, which is the working directory: parts, labels and photos."""
    (tmp_path / "own_parts.py").write_text(MODULE)
    (tmp_path / "own.yaml").write_text(TEMPLATES)
    (tmp_path / "photos").mkdir()
    lines = []
    for number in range(1, 5):
        (tmp_path / "photos" / f"{number}.png").write_bytes(png(painting(number)))
        lines.append(f"{number}.png,{number},{3 * number}")
    (tmp_path / "words.txt").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("OWN_KEY", "own-canary")
    yield tmp_path
    close_gateways()
    sys.modules.pop("own_parts", None)


SOURCE: dict[str, Any] = {
    "kind": "own_parts:read_words",
    "labels": "words.txt",
    "images": "photos",
    "options": {"scale": 10.0, "separator": ","},
}


def _photos(folder: Path, store: Store) -> list[LabelledPhoto]:
    found = list(list_sources([SourceConfig(**SOURCE)], folder))
    items = [one for one in found if not isinstance(one, Reject)]
    passed = [Item.from_dict(json.loads(json.dumps(item.as_dict()))) for item in items]
    rows = ingest_shard(passed, store, IngestConfig())
    return labelled_photos(rows["images"], rows["labels"])


def _reasoning(**values: Any) -> ReasoningConfig:
    return ReasoningConfig(
        tasks=("composition",),
        templates=("own.yaml",),
        **{
            "routes": (Route(provider="own_parts:Guide", model="m", templates=("own-*",)),),
            **values,
        },
    )


def test_a_reader_from_outside(folder: Path) -> None:
    labels = list(list_labels(SourceConfig(**SOURCE), folder))
    assert labels[0] == Label("1.png", "words", categories=(1,), mos=0.3, mos_raw=3.0)
    rejected = [one.reason for one in labels if isinstance(one, Reject)]
    assert rejected == ["out_of_range"]
    named = SourceConfig(**SOURCE, dataset="mine")
    assert named.name == "mine" and "options" in named.as_dict()
    assert named.hash() != SourceConfig(**SOURCE | {"options": {}}, dataset="mine").hash()


@pytest.mark.parametrize(
    "values, message",
    [
        ({"kind": "own_parts:read_nothing"}, "own_parts has no read_nothing"),
        ({"kind": "no_such_module:read"}, "cannot import no_such_module"),
        ({"kind": "words"}, "no reader 'words'; there are: aadb, ava"),
        ({"columns": {"image": "file"}}, "takes no columns"),
        ({"kind": "picd"}, "kind picd takes no options"),
    ],
)
def test_a_source_that_no_reader_fits_is_refused(folder: Path, values: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SourceConfig(**SOURCE | values)


def test_a_build_with_own_reader_teacher_and_template(folder: Path) -> None:
    store = Store(folder / "store")
    photos = _photos(folder, store)
    assert len(photos) == 3
    config = _reasoning().with_teachers(None)
    rows = reason_shard(photos, store, config)
    assert len(rows["sft_samples"]) == 3 and rows["rejects"] == []
    assert {s["template_id"] for s in rows["sft_samples"]} == {"own-open-name@1"}
    assert {s["provider"] for s in rows["sft_samples"]} == {"own_parts:Guide"}
    assert "Which of these layouts" in rows["sft_samples"][0]["messages"][0]["content"]


def test_version_and_template_text_are_part_of_ids_and_cache_keys(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(folder / "store")
    photos, config = _photos(folder, store), _reasoning().with_teachers(None)
    assert "guide-1" in json.dumps(config.as_dict())
    first = {r.request_id for r in shard_requests(photos, store, config)}
    (folder / "own.yaml").write_text(TEMPLATES.replace("layouts", "compositions"))
    reworded = _reasoning().with_teachers(None)
    assert reworded.hash() != config.hash()
    assert not first & {r.request_id for r in shard_requests(photos, store, reworded)}
    # The config has the texts, so the file is not needed any more.
    (folder / "own.yaml").unlink()
    again = ReasoningConfig.model_validate(json.loads(json.dumps(config.as_dict())))
    assert {r.request_id for r in shard_requests(photos, store, again)} == first


def test_a_paid_teacher_from_outside(folder: Path) -> None:
    provider = ProviderConfig(
        name="own", provider="own_parts:Paid", model="m", price=Price(input=1, output=2)
    )
    teachers = TeachersConfig(providers=(provider,))
    assert provider.key_env == "OWN_KEY" and "guide-1" in json.dumps(teachers.recipe())
    config = _reasoning(routes=(Route(teacher="own", templates=("own-*",)),))
    config = config.with_teachers(teachers)
    store = Store(folder / "store")
    rows = reason_shard(_photos(folder, store), store, config, ask=make_ask(teachers, store.root))
    assert len(rows["sft_samples"]) == 3
    assert [r["cost_usd"] for r in rows["responses"]] == [pytest.approx(120 / 1e6)] * 3
    (line, *_) = plan_cost(teachers, Workload(1, requests=requests_by_teacher(config, teachers, 1)))
    assert line.item == "own"


def test_a_teacher_that_reads_labels_cannot_judge(folder: Path) -> None:
    teacher = {"name": "g", "provider": "own_parts:Guide", "model": "m"}
    with pytest.raises(ValidationError, match="cannot judge"):
        EndpointJudgeConfig(kind="endpoint", teacher=teacher)


def test_an_unknown_provider_is_not_quoted_because_it_may_be_a_key() -> None:
    with pytest.raises(ValidationError, match="there are: gemini, grounded") as error:
        ProviderConfig(name="a", provider="sk-canary", model="m")
    assert "sk-canary" not in str(error.value)


@pytest.mark.parametrize(
    "change, message",
    [
        (("own-open-name", load_templates()[0].id), "stands twice"),
        (("topic: category", "topic: mood"), "no topic 'mood'"),
        (("version: 1", "version: 0"), "template 1"),
    ],
)
def test_own_templates_that_cannot_be_used_are_refused(
    folder: Path, change: tuple[str, str], message: str
) -> None:
    (folder / "own.yaml").write_text(TEMPLATES.replace(*change))
    with pytest.raises(ValidationError, match=message):
        _reasoning()
    with pytest.raises(ValidationError, match=r"nowhere\.yaml: cannot be read"):
        ReasoningConfig(templates=("nowhere.yaml",))
