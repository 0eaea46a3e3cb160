"""What the corpus of a rehearsal holds, and what of it should worry a person."""

from collections import Counter
from typing import Any

from joppo.data.corpus.query import run_query
from joppo.data.store.store import Store
from joppo.data.taxonomy.rubrics import load_rubric
from joppo.training.rehearsal.outcome import Warned

_COUNTS = {
    "photos": "SELECT count(*) FROM images WHERE parent_image_id IS NULL",
    "scored photos": "SELECT count(DISTINCT image_id) FROM labels WHERE mos IS NOT NULL",
    "images made": "SELECT count(*) FROM syntheses WHERE image_id IS NOT NULL",
    "images accepted": "SELECT count(*) FROM syntheses WHERE accepted",
    "control maps": "SELECT count(*) FROM controls",
    "teacher answers": "SELECT count(*) FROM responses",
    "answers accepted": "SELECT count(*) FROM reasonings WHERE accepted",
    "SFT samples": "SELECT count(*) FROM sft_samples",
    "SFT samples to train on": "SELECT count(*) FROM sft_samples WHERE split = 'train'",
    "preferences": "SELECT count(*) FROM preferences",
    "scored validation rows": (
        "SELECT count(*) FROM preferences WHERE task = 'score' AND split = 'validation'"
    ),
    "rejects": "SELECT count(*) FROM rejects",
}
_PROMPTS = """SELECT count(*) FILTER (task = 'score') AS score,
    count(*) FILTER (task = 'composition') AS composition,
    count(*) FILTER (task = 'perspective') AS perspective
    FROM preferences WHERE split = 'train'"""
_CUT_OFF = (
    "SELECT count(*) AS n FROM responses WHERE lower(finish_reason) IN ('length', 'max_tokens')"
)
_ENOUGH = 0.7
"""share of the teachers' answers that should be accepted"""


def corpus_figures(store: Store, version: str) -> list[dict[str, Any]]:
    """Counts of a snapshot: {figure, value}."""
    sql = " UNION ALL ".join(
        f"SELECT '{name}' AS figure, ({query}) AS value" for name, query in _COUNTS.items()
    )
    found = {row["figure"]: row["value"] for row in run_query(store, sql, version).to_pylist()}
    return [{"figure": name, "value": found[name]} for name in _COUNTS]


def scored_rows(store: Store, version: str | None = None) -> dict[str, int]:
    """Split -> photos that people scored and judges are asked about."""
    sql = """SELECT split, count(DISTINCT image_id) AS n FROM preferences
        WHERE task = 'score' GROUP BY split"""
    return {row["split"]: row["n"] for row in run_query(store, sql, version).to_pylist()}


def corpus_measures(store: Store, version: str, seconds: dict[str, float]) -> dict[str, float]:
    """Counts, dollars, and `s_<task>`: seconds of the flow's tasks."""
    counts = {row["figure"]: float(row["value"]) for row in corpus_figures(store, version)}
    (cost,) = run_query(
        store, "SELECT coalesce(sum(cost_usd), 0) AS usd FROM responses", version
    ).to_pylist()
    (prompts,) = run_query(store, _PROMPTS, version).to_pylist()
    counts |= {f"prompts: {task}": float(number) for task, number in prompts.items()}
    return counts | {"usd": cost["usd"]} | {f"s_{name}": value for name, value in seconds.items()}


def corpus_warnings(store: Store, version: str) -> list[Warned]:
    """What a person should know of the corpus before the full one is built."""

    def ask(sql: str) -> list[dict[str, Any]]:
        return run_query(store, sql, version).to_pylist()

    counts = {row["figure"]: row["value"] for row in corpus_figures(store, version)}
    warnings = []
    if not counts["scored validation rows"]:
        warnings.append(
            Warned(
                "no scored validation photo: nothing can be calibrated, and no figure shows while "
                "JoPPO trains",
                "use a dataset with scores, or raise its validation_share",
            )
        )
    if cut := ask(_CUT_OFF)[0]["n"]:
        warnings.append(
            Warned(
                f"{cut} of {counts['teacher answers']} answers of teachers were cut off",
                "raise max_tokens of the teacher",
            )
        )
    answers, accepted = counts["teacher answers"], counts["answers accepted"]
    if answers and accepted / answers < _ENOUGH:
        warnings.append(
            Warned(
                f"{accepted} of {answers} answers of teachers passed the checks: {_reasons(ask)}",
                "read `joppo query 'FROM rejects'` before paying for the rest",
            )
        )
    return [*warnings, *_attribute_warnings(ask)]


def _reasons(ask: Any) -> str:
    sql = "SELECT coalesce(reason, 'none') AS reason, count(*) AS n FROM reasonings "
    sql += "WHERE NOT accepted GROUP BY 1 ORDER BY 2 DESC LIMIT 3"
    return ", ".join(f"{row['reason']} {row['n']}" for row in ask(sql)) or "see rejects"


def _attribute_warnings(ask: Any) -> list[Warned]:
    """Attributes of the rubric that no answer of the training part names."""
    rows = ask("SELECT answer FROM sft_samples WHERE task = 'aesthetic'")
    names = load_rubric().names
    found = Counter(
        name for row in rows for name in names if name in row["answer"].replace(" ", "_").lower()
    )
    missing = [name for name in names if not found[name]]
    if not missing:
        return []
    return [
        Warned(
            f"no SFT answer names {', '.join(missing)}: JoPPO rewards attributes that SFT never "
            "taught",
            "use a dataset with labels of them (docs/real.md has the table)",
        )
    ]
