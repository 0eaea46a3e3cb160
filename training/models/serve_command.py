"""The command by which vLLM serves a judge as it was trained, under the name of its weights.

vLLM is no dependency of this project: the command is printed, and run where vLLM is installed.
"""

import json
from pathlib import Path

from joppo.data.store.hub_id import split_revision
from joppo.training.models.about import About, read_about
from joppo.training.models.base_model import ADAPTER_FILE, adapter_base
from joppo.training.models.serving import vllm_problems

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM accepts as `--max-lora-rank` (vllm/config/lora.py)."""
TEMPLATE = "chat_template.jinja"
DTYPE = "bfloat16"
"""That of a judge on a GPU of this machine (training.judges.local_model)."""
_QUESTION_TOKENS = 1024
_ROUNDED_TO = 256


class ServeError(ValueError):
    """A folder cannot be served; the message names the remedy."""


def vllm_command(folder: Path) -> list[str]:
    """Arguments of the vLLM command that serves a model folder: an adapter on its base, or a whole
    model.

    The name under which the judge is offered, the limits of photos, the chat template, the number
    format and the neutral sampling defaults are stated, because answers depend on them.

    Raises:
        ServeError: the folder holds no judge of ours, or vLLM cannot serve its adapter.
        AboutError: its `run.json` is damaged.
    """
    about = read_about(folder)
    if about is None:
        raise ServeError(
            f"no run.json in {folder}: name the folder `model` of a training run, or what `python "
            "-m joppo.training.models merge` wrote"
        )
    adapter = (folder / ADAPTER_FILE).is_file()
    model = _adapter_options(folder, about) if adapter else _whole_options(folder, about)
    template = folder / TEMPLATE
    return [
        "vllm",
        "serve",
        *model,
        *(["--chat-template", str(template.absolute())] if template.is_file() else []),
        "--mm-processor-kwargs",
        json.dumps({"min_pixels": about.min_pixels, "max_pixels": about.max_pixels}),
        "--limit-mm-per-prompt",
        json.dumps({"image": 1}),
        "--max-model-len",
        str(model_length(about)),
        "--dtype",
        DTYPE,
        # The base's own settings hold a repetition penalty, which was off in training.
        "--generation-config",
        "vllm",
    ]


def model_length(about: About) -> int:
    """Tokens of the longest conversation: photo, question, an answer out of form, and another."""
    photo = about.max_pixels // about.pixel_step**2
    tokens = photo + _QUESTION_TOKENS + 2 * about.max_new_tokens
    return -(-tokens // _ROUNDED_TO) * _ROUNDED_TO


def lora_rank(rank: int) -> int:
    """The smallest rank that vLLM accepts and an adapter of this rank fits in.

    Raises:
        ServeError: there is none.
    """
    fitting = [one for one in LORA_RANKS if one >= rank]
    if not fitting:
        raise ServeError(f"vLLM serves adapters up to rank {LORA_RANKS[-1]}, not {rank}: merge it")
    return fitting[0]


def _whole_options(folder: Path, about: About) -> list[str]:
    return [str(folder.absolute()), "--served-model-name", about.served_name]


def _adapter_options(folder: Path, about: About) -> list[str]:
    if problems := vllm_problems(folder):
        raise ServeError(
            f"vLLM cannot serve the adapter in {folder} ({'; '.join(problems)}): merge it with "
            "`python -m joppo.training.models merge` and serve that"
        )
    rank = json.loads((folder / ADAPTER_FILE).read_text(encoding="utf-8"))["r"]
    base, revision = split_revision(adapter_base(folder))
    return [
        base,
        *(["--revision", revision] if revision else []),
        "--enable-lora",
        "--max-lora-rank",
        str(lora_rank(rank)),
        "--lora-modules",
        f"{about.served_name}={folder.absolute()}",
    ]
