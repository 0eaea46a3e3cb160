"""reproduce-paper: the paper's experiment, from labels to one report.

    prefect deployment run reproduce-paper
    joppo reproduce                          # the same with a server of its own

One snapshot, one SFT per seed, one JoPPO run per seed and variant, one evaluation of all. What is
done is found again: a run that is started anew, or retried, does only the rest.
"""

from pathlib import Path
from typing import Any

from prefect import flow

from joppo.data.store.store import Store
from joppo.flows.build_sft_data import build_sft_data
from joppo.flows.config import load_config
from joppo.flows.reproduction.evaluations import Asking, evaluate
from joppo.flows.reproduction.jobs import Bench
from joppo.flows.reproduction.trainings import train_variants
from joppo.tasks.reproduce import report_reproduction
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.outcome import judges_of


@flow(name="reproduce-paper")
def reproduce_paper(
    config: str = "configs/embedded/reproduce-paper.yaml",
    store: str | None = None,
    overrides: dict[str, Any] | None = None,
) -> str:
    """Run the whole experiment of a config and return the key of its report."""
    c = load_config(ReproduceConfig, config, overrides)
    root = (Store(store) if store else Store.from_env()).root
    bench = Bench(c, Path(config).parent, root)
    bench.check()

    snapshot = build_sft_data.with_options(flow_run_name="the snapshot")(
        bench.place(c.build), store=root
    )
    asking = Asking(bench, snapshot)
    trained = train_variants(asking)
    judged = evaluate(asking, trained)
    how = asking.how(judges_of(trained))
    return report_reproduction(
        c.as_dict(), how.as_dict(), str(bench.base), root, snapshot, [vars(one) for one in judged]
    )
