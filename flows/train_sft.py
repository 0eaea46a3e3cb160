"""train-sft: a snapshot of the corpus in, a LoRA adapter on the base judge out.

    prefect deployment run train-sft

A run that is started again goes on from its last good checkpoint, or says that it is finished.
"""

from prefect import flow

from joppo.flows.config import load_config
from joppo.flows.parameters import ConfigOrPath, Overrides, StoreRoot, open_store
from joppo.tasks.training import train
from joppo.training.config import SftConfig


@flow(name="train-sft")
def train_sft(
    config: ConfigOrPath[SftConfig] = "configs/embedded/train-sft.yaml",
    store: StoreRoot = None,
    overrides: Overrides = None,
) -> str:
    """Fine-tune the base judge of a config and return the path of the model folder."""
    c = load_config(SftConfig, config, overrides)
    root = open_store(store).root
    # Called, not submitted: in the main thread a cancel reaches the processes at once.
    return train("sft", c.as_dict(), root)
