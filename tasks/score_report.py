"""The last step of scoring: ranking, files, and what the UI shows of them."""

from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from joppo.data.photos.data_uri import markdown_picture
from joppo.data.store.store import Store
from joppo.tasks.manifest import Manifest
from joppo.tasks.score import PhotoListing, finish
from joppo.training.scoring.config import ScorePhotosConfig
from joppo.training.scoring.score_files import Ranked
from joppo.training.scoring.thumbnails import kept_thumbnail

SHOWN = 200
BEST = 8
SIDE = 160


@task(name="rank-photos", cache_policy=NO_CACHE, persist_result=False)
def rank_photos(
    listing: PhotoListing, shards: list[Manifest], config: dict[str, Any], store: str
) -> str:
    """Write tables and report; leave the ranking and a summary as artifacts. Returns the folder."""
    c, root = ScorePhotosConfig.model_validate(config), Store(store)
    out, ranked, rejects = finish(listing, shards, c, root)
    create_table_artifact(
        [_row(one) for one in ranked[:SHOWN]],
        key="ranked-photos",
        description=f"best {min(SHOWN, len(ranked))} of {len(ranked)}; all in scores.csv",
    )
    create_markdown_artifact(_summary(out.root, ranked, len(rejects), root), key="score-report")
    return out.root


def _row(one: Ranked) -> dict[str, Any]:
    total = None if one.shown is None else round(one.shown, 3)
    attributes = {name: round(value, 2) for name, value in one.row.attributes.items()}
    return {
        "rank": one.rank,
        "file": one.name,
        "total": total,
        **attributes,
        "explanation": one.row.explanation,
        "reason": one.row.reason,
    }


def _summary(folder: str, ranked: list[Ranked], rejects: int, store: Store) -> str:
    failed = sum(one.rank is None for one in ranked)
    lines = [
        f"## {len(ranked) - failed:,} photos scored, {failed:,} without an answer, "
        f"{rejects:,} rejected",
        "",
        f"Judge `{ranked[0].row.judge}`." if ranked else "",
        "",
        f"Report `{folder}/report.html`; tables `scores.parquet`, `scores.csv`, `scores.json` and "
        "`rejects.csv` beside it.",
        "",
    ]
    best = [one for one in ranked[:BEST] if one.rank is not None]
    if best:
        lines += ["| | file | total | |", "|---:|---|---:|---|"]
        lines += [
            f"| {one.rank} | {_plain(one.name)} | {one.shown:.2f} | {_picture(one, store)} |"
            for one in best
        ]
    return "\n".join(lines)


def _plain(name: str) -> str:
    """A name as text in a table of Markdown: every sign that means something is written out."""
    return "".join(c if c.isalnum() or c in " .-/" else f"&#{ord(c)};" for c in name)


def _picture(one: Ranked, store: Store) -> str:
    jpeg = kept_thumbnail(store, one.row.image_id, SIDE)
    return markdown_picture("", jpeg) if jpeg else ""
