import pytest

from joppo.data.synthesis.prompt_pool import all_phrases
from joppo.data.tiny_diffusion.tokenizer import MAX_LENGTH, new_tokenizer

TEXTS = ["photograph of boats in a row on calm water, dusk", "a wreath laid as a ring"] * 5


@pytest.fixture(scope="module")
def tokenizer():
    return new_tokenizer([*TEXTS, *all_phrases()])


def test_the_same_texts_give_the_same_vocabulary(tokenizer):
    assert new_tokenizer([*TEXTS, *all_phrases()]).get_vocab() == tokenizer.get_vocab()


def test_known_words_are_few_tokens_between_the_marks(tokenizer):
    ids = tokenizer(TEXTS[0])["input_ids"]
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id
    assert len(ids) <= 14


@pytest.mark.parametrize("text", [*TEXTS[:2], "zebra, xylophone & Ünïcode 42!"])
def test_any_text_survives_encoding(tokenizer, text):
    ids = tokenizer(text)["input_ids"][1:-1]
    assert tokenizer.unk_token_id not in ids
    squeezed = tokenizer.decode(ids).replace(" ", "")
    assert squeezed == text.lower().replace(" ", "")


def test_padding_and_cutting_give_the_models_length(tokenizer):
    for text in ("", "boats " * 200):
        padded = tokenizer(text, padding="max_length", max_length=MAX_LENGTH, truncation=True)
        assert len(padded["input_ids"]) == MAX_LENGTH


def test_it_comes_back_from_disk(tokenizer, tmp_path):
    from transformers import CLIPTokenizer

    tokenizer.save_pretrained(tmp_path)
    again = CLIPTokenizer.from_pretrained(tmp_path)
    assert again(TEXTS[0])["input_ids"] == tokenizer(TEXTS[0])["input_ids"]
    assert again.model_max_length == MAX_LENGTH
