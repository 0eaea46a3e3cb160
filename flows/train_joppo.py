"""train-joppo: an SFT adapter and the preferences of a snapshot in, a judge out.

    prefect deployment run train-joppo

By default the adapter is the one that train-sft finished last in this store.
"""

from typing import Any

from prefect import flow

from joppo.data.store.store import Store
from joppo.flows.config import load_config
from joppo.tasks.training import train
from joppo.training.config import JoppoConfig


@flow(name="train-joppo")
def train_joppo(
    config: str = "configs/embedded/train-joppo.yaml",
    store: str | None = None,
    overrides: dict[str, Any] | None = None,
) -> str:
    """Train the judge of a config by the joint reward and return the path of the model folder."""
    c = load_config(JoppoConfig, config, overrides)
    root = (Store(store) if store else Store.from_env()).root
    # Called, not submitted: in the main thread a cancel reaches the processes at once.
    return train("joppo", c.as_dict(), root)
