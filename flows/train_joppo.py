"""train-joppo: an SFT adapter and the preferences of a snapshot in, a judge out.

    prefect deployment run train-joppo

By default the adapter is the one that train-sft finished last in this store.
"""

from prefect import flow

from joppo.flows.config import load_config
from joppo.flows.parameters import ConfigOrPath, Overrides, StoreRoot, open_store
from joppo.tasks.training import train
from joppo.training.config import JoppoConfig


@flow(name="train-joppo")
def train_joppo(
    config: ConfigOrPath[JoppoConfig] = "configs/embedded/train-joppo.yaml",
    store: StoreRoot = None,
    overrides: Overrides = None,
) -> str:
    """Train the judge of a config by the joint reward and return the path of the model folder."""
    c = load_config(JoppoConfig, config, overrides)
    root = open_store(store).root
    # Called, not submitted: in the main thread a cancel reaches the processes at once.
    return train("joppo", c.as_dict(), root)
