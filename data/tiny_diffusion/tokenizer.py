"""A CLIP tokenizer with a vocabulary of our own: byte-level BPE learnt from captions, offline."""

from collections.abc import Iterable
from typing import Any

MAX_LENGTH = 48
_BOS, _EOS = "<|startoftext|>", "<|endoftext|>"


def new_tokenizer(captions: Iterable[str], vocab_size: int = 1024) -> Any:
    """Learn a vocabulary; any text can still be encoded, unknown words in pieces.

    The same captions in the same order give the same vocabulary.
    """
    from tokenizers import Tokenizer, models, trainers
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    # CLIPTokenizer owns normaliser and splitting: learn on exactly the pieces that it will see.
    shell = CLIPTokenizer()
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer = shell.backend_tokenizer.normalizer
    learner.pre_tokenizer = shell.backend_tokenizer.pre_tokenizer
    alphabet = sorted(ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=alphabet,
        # Letters at a word's end get their ids here: left to the trainer, they come in the order
        # of a hash map, which differs from run to run and decides between merges of equal count.
        special_tokens=[_BOS, _EOS, *(byte + "</w>" for byte in alphabet)],
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(captions, trainer)
    return CLIPTokenizer(
        vocab=learner.get_vocab(), merges=_merges(learner), model_max_length=MAX_LENGTH
    )


def _merges(learner: Any) -> list[tuple[str, str]]:
    import json

    merges = json.loads(learner.to_str())["model"]["merges"]
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in merges)
    return [(first, second) for first, second in pairs]
