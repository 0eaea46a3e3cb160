"""How the batch script published with VisualQuality-R1 scores photos, procedure by procedure.

(TianheWu/VisualQuality-R1, README, "Batch Images Quality Rating".) Written anew for a comparison:
batches of 32 in the order of the files; photos are opened one after the other; template, processor
with padding on the left, `generate`, decoding; after the last batch a regular expression takes the
first number of the last answer block, and a random number where there is none.

Two things are left out because they would change the tokens, both to the advantage of this side:
the words "Picture 1:" before the photo, and a resize before the processor's own.
"""

import random
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BATCH = 32


def score_in_batches(
    paths: Sequence[Path], model: Any, processor: Any, prompt: str, max_new_tokens: int
) -> tuple[list[str], list[float], float]:
    """Texts and scores of all photos, and the seconds spent in `generate`."""
    import torch
    from PIL import Image

    texts: list[str] = []
    inside = 0.0
    for first in range(0, len(paths), BATCH):
        part = paths[first : first + BATCH]
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        chats = [
            processor.apply_chat_template(
                [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
            )
            for _ in part
        ]
        photos = [Image.open(path).convert("RGB") for path in part]
        inputs = processor(text=chats, images=photos, padding=True, return_tensors="pt")
        began = time.perf_counter()
        with torch.inference_mode():
            tokens = model.generate(
                **inputs, use_cache=True, max_new_tokens=max_new_tokens, do_sample=False
            )
        inside += time.perf_counter() - began
        new = tokens[:, inputs["input_ids"].shape[1] :]
        texts += processor.batch_decode(new, skip_special_tokens=True)
    return texts, [_guess(text) for text in texts], inside


def _guess(text: str) -> float:
    blocks = re.findall(r"<answer>(.*?)</answer>", text, re.DOTALL)
    number = re.search(r"\d+(\.\d+)?", blocks[-1] if blocks else text)
    return float(number[0]) if number else float(random.randint(1, 5))
