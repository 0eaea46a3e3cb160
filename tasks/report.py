"""Artifacts of a finished run: what a person looks at in the UI before reading anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from joppo.data.corpus.query import run_query
from joppo.data.photos.data_uri import markdown_picture
from joppo.data.store.store import Store

# View or query -> title: each becomes one table artifact, rows as the view gives them.
TABLES = {
    "category-balance": (
        "SELECT category, abbreviation, before, attempted, accepted, after, "
        "round(share_before, 4) AS share_before, round(share_after, 4) AS share_after "
        "FROM category_balance",
        "Photos per composition category, before and after synthesis",
    ),
    "synthesis-yield": ("FROM synthesis_yield", "Synthesis attempts per category and control"),
    "reject-reasons": ("FROM reject_reasons", "What was dropped, by stage and reason"),
    "teacher-cost": ("FROM teacher_cost", "Requests, tokens and dollars per teacher"),
}
PLAN = "How many images each category gets, and why"


@task(name="report", cache_policy=NO_CACHE)
def report(version: str, store: str, stages: Sequence[Mapping[str, Any]] = ()) -> None:
    """Tables, the contact sheet and the way to the snapshot, as artifacts of this run."""
    corpus = Store(store)
    extras = [manifest.get("extra", {}) for manifest in stages]
    for table in [extra["table"] for extra in extras if "table" in extra]:
        create_table_artifact(key="long-tail-plan", table=_plain(table), description=PLAN)
    for uri in [extra["sheet"] for extra in extras if "sheet" in extra]:
        sheet = markdown_picture("contact sheet", corpus.read_bytes(uri))
        create_markdown_artifact(key="contact-sheet", markdown=sheet)
    if warnings := [row for extra in extras for row in extra.get("warnings", [])]:
        create_table_artifact(key="warnings", table=_plain(warnings), description="Warnings")
    for key, (sql, title) in TABLES.items():
        rows = run_query(corpus, sql, version).to_pylist()
        create_table_artifact(key=key, table=_plain(rows), description=title)
    create_markdown_artifact(key="snapshot", markdown=_snapshot_page(corpus, version))


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cells that JSON knows; an empty table says so in its only row."""
    if not rows:
        return [{"rows": "none"}]
    keep = (str, int, float, bool, type(None))
    return [{k: v if isinstance(v, keep) else str(v) for k, v in row.items()} for row in rows]


def _snapshot_page(store: Store, version: str) -> str:
    counts = run_query(
        store,
        "SELECT 'images' AS t, count(*) AS n FROM images UNION ALL "
        "SELECT 'reasonings', count(*) FROM reasonings UNION ALL "
        "SELECT 'sft_samples', count(*) FROM sft_samples UNION ALL "
        "SELECT 'rejects', count(*) FROM rejects",
        version,
    ).to_pylist()
    lines = "\n".join(f"| {row['t']} | {row['n']:,} |" for row in counts)
    return (
        f"## Snapshot `{version}`\n\n"
        f"`{store.root}/snapshots/{version}/corpus.duckdb`\n\n"
        f"| table | rows |\n|---|---:|\n{lines}\n\n"
        f"```\njoppo query --version {version} 'FROM category_balance'\n```\n"
    )
