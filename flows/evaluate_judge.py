"""evaluate-judge: judges and sets of photos with known truth in, figures and a report out.

    prefect deployment run evaluate-judge
    joppo evaluate configs/embedded/evaluate-judge.yaml     # the same without a server

What a judge has answered is kept: started again, nothing is asked twice.
"""

from prefect import flow

from joppo.flows.config import load_config
from joppo.flows.interruptible_threads import InterruptibleThreads
from joppo.flows.parameters import ConfigOrPath, Overrides, StoreRoot, folder_of, open_store
from joppo.tasks.evaluate import ask_judge, read_sets, report_evaluation
from joppo.training.evaluation.config import EvaluateConfig


# One worker: judges share one GPU, and each is loaded when the one before is done.
@flow(name="evaluate-judge", task_runner=InterruptibleThreads(max_workers=1))
def evaluate_judge(
    config: ConfigOrPath[EvaluateConfig] = "configs/embedded/evaluate-judge.yaml",
    store: StoreRoot = None,
    overrides: Overrides = None,
) -> str:
    """Evaluate the judges of a config and return the key of the evaluation."""
    c = load_config(EvaluateConfig, config, overrides)
    values = {
        "config": c.as_dict(),
        "base": str(folder_of(config)),
        "store": open_store(store).root,
    }
    sets = read_sets.submit(**values)
    answered = [ask_judge.submit(n, **values, sets=sets) for n in range(len(c.judges))]
    report = report_evaluation.submit(**values, answered=answered)
    for step in (sets, *answered):
        step.result()  # raises what went wrong first; the steps after it only waited
    return report.result()
