"""The local judge: one reply per question, whatever the batch; honest about failures."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from joppo.data.photos.decode import PhotoError
from joppo.data.questions.answer_format import AnswerFormat
from joppo.training.config import LoraSettings
from joppo.training.judges.config import LocalJudgeConfig
from joppo.training.judges.decoder import Decoder
from joppo.training.judges.judge import Question, Reply
from joppo.training.judges.local import LocalJudge
from joppo.training.judges.local_model import ModelFolderError, describe, token_limit
from joppo.training.judges.open_judge import judge_name, open_judge
from joppo.training.models.base_model import EMBEDDED_JUDGE
from joppo.training.models.model_folder import model_digest
from tests.training.judges.asking import PROMPT, photo_bytes, question, questions

pytestmark = pytest.mark.usefixtures("one_thread")
LIMIT = 24


def judge_of(**values: Any) -> LocalJudge:
    return LocalJudge(LocalJudgeConfig(**({"max_new_tokens": LIMIT, "rows": 16} | values)))


@pytest.fixture(scope="module")
def judge() -> LocalJudge:
    return judge_of()


def texts(replies: list[Reply]) -> list[str]:
    return [reply.raw_text for reply in replies]


def test_batches_of_1_4_and_16_give_identical_replies(judge: LocalJudge) -> None:
    asked = questions(6)
    whole = texts(list(judge.ask(asked)))
    assert len(set(whole)) > 1
    assert texts(list(judge.ask(asked))) == whole
    for batch in (1, 4, 16):
        assert texts(list(judge_of(batch=batch).ask(asked))) == whole
    assert texts(list(judge.ask(reversed(asked)))) == whole[::-1]


def test_questions_are_drawn_as_they_are_needed(judge: LocalJudge) -> None:
    drawn = 0

    def endless() -> Iterator[Question]:
        nonlocal drawn
        for one in questions(4) * 1000:
            drawn += 1
            yield one

    replies = judge.ask(endless())
    next(replies)
    replies.close()
    assert drawn < 60


def test_a_photo_that_cannot_be_opened_is_a_failure_among_the_others(judge: LocalJudge) -> None:
    def broken() -> Any:
        raise PhotoError("truncated_image", "the file is cut")

    asked = questions(3)
    asked.insert(1, Question("0" * 64, broken, PROMPT, asked[0].form))
    replies = list(judge.ask(asked))
    assert replies[1].judgement.reason == "truncated_image" and replies[1].tries == 0
    assert texts([replies[0], *replies[2:]]) == texts(list(judge.ask(questions(3))))


def scripted(judge: LocalJudge, monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """The judge writes these texts, whatever it sees; returns the prompts that it was asked."""
    prompts: list[str] = []
    asked: list[tuple[Any, Any]] = []
    left = list(answers)

    def start(self: Any, prompt: Any, tickets: Any, draws: Any) -> None:
        asked.extend((ticket, prompt) for ticket in tickets)

    def read(self: Any, prompt: Any) -> Any:
        tokens = [t for t in prompt.input_ids[0].tolist() if t != judge._maker._image]
        prompts.append(judge._decode(tokens))
        return SimpleNamespace(capacity=0)

    def step(self: Any) -> list[tuple[Any, list[int]]]:
        done, asked[:] = asked[:], []
        return [(ticket, _tokens(judge, left.pop(0))) for ticket, _ in done]

    monkeypatch.setattr(Decoder, "read", read)
    monkeypatch.setattr(Decoder, "start", start)
    monkeypatch.setattr(Decoder, "step", step)
    monkeypatch.setattr(Decoder, "at_work", property(lambda self: len(asked)))
    return prompts


def _tokens(judge: LocalJudge, text: str) -> list[int]:
    from transformers import AutoTokenizer

    return list(AutoTokenizer.from_pretrained(EMBEDDED_JUDGE)(text)["input_ids"])


GOOD = "<think>Fine light.</think><answer>Score: 0.50, composition: 0.10, color: 0.20, light: "
GOOD += "0.30, depth_of_field: 0.40, content: 0.50</answer>"


def test_an_answer_out_of_form_is_asked_for_once_more_and_more_strictly(
    judge: LocalJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = scripted(judge, monkeypatch, "I like it.", GOOD)
    (reply,) = judge.ask(questions(1))
    assert reply.judgement.ok and reply.judgement.total == 0.5 and reply.tries == 2
    assert reply.explanation == "Fine light."
    assert "missing tag" not in prompts[0] and "missing tag" in prompts[1]
    assert PROMPT.splitlines()[0] in prompts[1]


def test_two_answers_out_of_form_are_a_failure_with_its_reason(
    judge: LocalJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    wild = GOOD.replace("0.50, comp", "1.50, comp")
    scripted(judge, monkeypatch, "I like it.", wild)
    (reply,) = judge.ask(questions(1))
    assert (reply.judgement.ok, reply.judgement.reason, reply.tries) == (False, "out_of_range", 2)
    assert reply.raw_text == wild and math.isnan(reply.judgement.total)
    assert reply.explanation == "Fine light."


def test_samples_differ_and_come_again(judge: LocalJudge) -> None:
    asked = questions(3)
    drawn = list(judge.sample(asked, 4))
    assert [len(replies) for replies in drawn] == [4, 4, 4]
    assert len({reply.raw_text for reply in drawn[0]}) > 1
    again = list(judge_of(batch=1).sample(reversed(asked), 4))
    assert [texts(list(r)) for r in again[::-1]] == [texts(list(r)) for r in drawn]
    # A larger number of samples begins with the same ones.
    assert texts(list(next(iter(judge.sample(asked, 6))))[:4]) == texts(list(drawn[0]))
    with pytest.raises(ValueError, match="at least one"):
        next(judge.sample(asked, 0))


def test_choices_are_read_by_their_own_form(judge: LocalJudge) -> None:
    form = AnswerFormat("choice", ("A", "B"))
    (reply,) = judge.ask([question(photo_bytes(3), "A or B?", form)])
    assert reply.judgement.attributes == ()
    assert reply.judgement.ok == (reply.judgement.text in form.names)
    # The same reply where other letters were asked for.
    (other,) = judge.ask([question(photo_bytes(3), "A or B?", AnswerFormat("choice", ("X", "Y")))])
    assert not other.judgement.ok and other.judgement.text is None


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter folder whose weights change the replies."""
    from peft import get_peft_model

    from joppo.training.config import SftConfig
    from joppo.training.models.base_model import load_base, load_processor, lora_config

    torch.manual_seed(0)
    model = get_peft_model(
        load_base(str(EMBEDDED_JUDGE), SftConfig(bf16=False)),
        lora_config(LoraSettings(rank=4, alpha=4)),
    )
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    folder = tmp_path_factory.mktemp("runs") / "model"
    model.save_pretrained(folder)
    load_processor(str(EMBEDDED_JUDGE)).save_pretrained(folder)
    config = {"max_completion_length": LIMIT}
    about = {
        "base": "embedded",
        "run": "joppo-0123456789abcdef",
        "config": config,
        "snapshot": "0123456789abcdef",
        "parents": [{"base": "embedded", "weights": model_digest(EMBEDDED_JUDGE)}],
    }
    (folder / "run.json").write_text(json.dumps(about))
    return folder


def test_an_adapter_and_its_merged_weights_reply_alike(
    judge: LocalJudge, adapter: Path, tmp_path: Path
) -> None:
    from joppo.training.config import SftConfig
    from joppo.training.models.base_model import load_adapted, load_processor

    whole = load_adapted(adapter, SftConfig(bf16=False), trainable=False).merge_and_unload()
    whole.save_pretrained(tmp_path / "merged")
    load_processor(str(adapter)).save_pretrained(tmp_path / "merged")
    asked = questions(3)
    adapted = texts(list(judge_of(model=str(adapter)).ask(asked)))
    assert adapted != texts(list(judge.ask(asked)))
    assert texts(list(judge_of(model=str(tmp_path / "merged")).ask(asked))) == adapted


def test_a_name_says_which_weights_and_how_they_are_asked(adapter: Path, tmp_path: Path) -> None:
    plain = describe(LocalJudgeConfig())
    assert plain.startswith("tiny-judge@") and plain == judge_name(LocalJudgeConfig())
    assert describe(LocalJudgeConfig(batch=3, threads=7)) == plain
    for change in ({"max_new_tokens": 9}, {"temperature": 0.5}, {"max_pixels": 4000}, {"rows": 8}):
        assert describe(LocalJudgeConfig(**change)) != plain
    trained = describe(LocalJudgeConfig(model=str(adapter)))
    assert trained.startswith("joppo-0123456789abcdef@")
    shutil.copytree(EMBEDDED_JUDGE, tmp_path / "copy")
    assert describe(LocalJudgeConfig(model=str(tmp_path / "copy"))).startswith("copy@")


def test_the_most_tokens_are_those_of_training(adapter: Path) -> None:
    assert token_limit(LocalJudgeConfig(model=str(adapter))) == LIMIT
    assert token_limit(LocalJudgeConfig()) == 160
    assert token_limit(LocalJudgeConfig(max_new_tokens=7)) == 7


def test_a_place_without_a_model_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="holds no model"):
        open_judge(LocalJudgeConfig(model=str(tmp_path)), str(tmp_path))
    for missing in ("./no/such/folder", "nobody/no-such-model"):
        with pytest.raises(ModelFolderError, match="neither a folder"):
            open_judge(LocalJudgeConfig(model=missing), str(tmp_path))


def test_another_family_of_models_is_refused(tmp_path: Path) -> None:
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2}
    vision = CLIPVisionConfig(image_size=16, patch_size=8, **size, **heads)
    text = LlamaConfig(vocab_size=32, num_key_value_heads=2, **size, **heads)
    config = LlavaConfig(vision_config=vision, text_config=text)
    LlavaForConditionalGeneration(config).save_pretrained(tmp_path)
    with pytest.raises(ModelFolderError, match="Serve it"):
        open_judge(LocalJudgeConfig(model=str(tmp_path)), str(tmp_path))
