"""A vision-language judge of photographs, and the data pipeline that makes it.

    Judge                scores of photographs, from the embedded judge, a trained or a served one
    joint_fidelity       the joint reward of JoPPO, over the scores and attributes of a batch
    thurstone_fidelity   the reward of single scores that it is compared with
    JointRewardConfig    the options of the joint reward
    open_corpus          a snapshot of the corpus, as a read-only DuckDB connection
    load_rubric          the attributes that a judge scores
    __version__          of the installed distribution

These names are stable; docs/python.md shows each. Everything else may move between versions. A name
is imported when it is first used, so that `import joppo` itself costs next to nothing.

The folders `data`, `training`, `tasks` and `flows` of the repository are subpackages of this one:
`joppo.data`, `joppo.training`, and so on. Links beside this file lead to them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joppo.data.corpus.publish import open_corpus
    from joppo.data.taxonomy.rubrics import load_rubric
    from joppo.training.rewards import JointRewardConfig, joint_fidelity, thurstone_fidelity
    from joppo.training.scoring.judge import Judge

    __version__: str

__all__ = [
    "JointRewardConfig",
    "Judge",
    "__version__",
    "joint_fidelity",
    "load_rubric",
    "open_corpus",
    "thurstone_fidelity",
]

_MODULES = {
    "JointRewardConfig": "joppo.training.rewards",
    "Judge": "joppo.training.scoring.judge",
    "joint_fidelity": "joppo.training.rewards",
    "load_rubric": "joppo.data.taxonomy.rubrics",
    "open_corpus": "joppo.data.corpus.publish",
    "thurstone_fidelity": "joppo.training.rewards",
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("joppo")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
