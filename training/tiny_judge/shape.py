"""Shape of the tiny judge: tokenizer, processor and a freshly initialised model.

All classes are transformers' own; only sizes differ from Qwen2.5-VL-7B. The chat template is Qwen's
(trl ships its text and recognises a model by it).
"""

from collections.abc import Iterable
from importlib.resources import files
from typing import Any

SIDE = 70
"""Photos are scaled to at most this many pixels squared: 10 x 10 patches, 25 visual tokens."""
PATCH = 7
VOCABULARY = 1600
_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)


def make_tokenizer(texts: Iterable[str], vocabulary: int = VOCABULARY) -> Any:
    """A byte-level BPE tokenizer with Qwen's split pattern, trained on `texts`."""
    import json

    from tokenizers import Tokenizer, models, trainers
    from transformers import Qwen2Tokenizer

    split = Qwen2Tokenizer(vocab={"<|endoftext|>": 0}, merges=[]).backend_tokenizer.pre_tokenizer
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = split
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(_SPECIAL),
        initial_alphabet=_byte_alphabet(),
        show_progress=False,
        min_frequency=1,
    )
    bpe.train_from_iterator(texts, trainer)
    trained = json.loads(bpe.to_str())["model"]
    return Qwen2Tokenizer(
        vocab=trained["vocab"],
        merges=[tuple(pair) for pair in trained["merges"]],
        unk_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(_SPECIAL[1:]),
        padding_side="left",
    )


def _byte_alphabet() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def make_processor(tokenizer: Any) -> Any:
    """The processor: images of any size become at most SIDE x SIDE pixels."""
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    size = {"shortest_edge": (2 * PATCH) ** 2 * 4, "longest_edge": SIDE * SIDE}
    shape = {"patch_size": PATCH, "merge_size": 2, "temporal_patch_size": 2, "size": size}
    template = files("trl").joinpath("chat_templates/qwen2_5_vl.jinja").read_text(encoding="utf-8")
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**shape),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**shape),
        chat_template=template,
    )


def make_model(tokenizer: Any, seed: int) -> Any:
    """A randomly initialised judge of about 1.3 million parameters."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    ids = dict(zip(_SPECIAL, tokenizer.convert_tokens_to_ids(list(_SPECIAL)), strict=True))
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 384,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": True,
        # The three sections share half the head size: 128 / 4 / 2 = 16.
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
        "bos_token_id": None,
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        # The default 0.02 is for wide layers; in narrow ones signals would fade.
        "initializer_range": 0.06,
    }
    vision = {
        "depth": 3,
        "hidden_size": 96,
        "num_heads": 4,
        "intermediate_size": 192,
        "patch_size": PATCH,
        "out_hidden_size": 128,
        "window_size": SIDE,
        "fullatt_block_indexes": [0, 1, 2],
        "initializer_range": 0.06,
    }
    config = Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        tie_word_embeddings=True,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        eos_token_id=ids["<|im_end|>"],
        pad_token_id=ids["<|endoftext|>"],
    )
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(config)
    # Tied, small embeddings give flat logits; a larger last norm lets a narrow model be certain.
    model.model.language_model.norm.weight.data.fill_(3.0)
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    return model
