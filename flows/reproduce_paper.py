"""reproduce-paper: the paper's experiment, from labels to one report.

    prefect deployment run reproduce-paper
    joppo reproduce                          # the same with a server of its own

One snapshot, one SFT per seed, one JoPPO run per seed and variant, one evaluation of all. What is
done is found again: a run that is started anew, or retried, does only the rest.
"""

from prefect import flow

from joppo.flows.build_sft_data import build_sft_data
from joppo.flows.config import load_config
from joppo.flows.parameters import ConfigOrPath, Overrides, StoreRoot, folder_of, open_store
from joppo.flows.reproduction.evaluations import Evaluations, evaluate
from joppo.flows.reproduction.experiment import Experiment
from joppo.flows.reproduction.trainings import train_variants
from joppo.tasks.reproduce import report_reproduction
from joppo.training.reproduction.config import ReproduceConfig
from joppo.training.reproduction.outcome import judges_of


@flow(name="reproduce-paper")
def reproduce_paper(
    config: ConfigOrPath[ReproduceConfig] = "configs/embedded/reproduce-paper.yaml",
    store: StoreRoot = None,
    overrides: Overrides = None,
) -> str:
    """Run the whole experiment of a config and return the key of its report."""
    c = load_config(ReproduceConfig, config, overrides)
    root = open_store(store).root
    experiment = Experiment(c, folder_of(config), root)
    experiment.check()

    snapshot = build_sft_data.with_options(flow_run_name="the snapshot")(
        experiment.path(c.build), store=root
    )
    evaluations = Evaluations(experiment, snapshot)
    trained = train_variants(evaluations)
    judged = evaluate(evaluations, trained)
    return report_reproduction(
        c.as_dict(),
        evaluations.config(judges_of(trained)).as_dict(),
        str(experiment.folder),
        root,
        snapshot,
        [vars(one) for one in judged],
    )
