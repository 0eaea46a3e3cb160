"""The page of an evaluation in Markdown: what was judged by whom, and every table."""

from collections import Counter
from collections.abc import Iterable, Mapping

from joppo.training.evaluation.config import FiguresConfig
from joppo.training.evaluation.lookup import DASH
from joppo.training.evaluation.published import Published
from joppo.training.evaluation.run import Measured
from joppo.training.evaluation.tables import tables
from joppo.training.evaluation.text_table import TextTable


def page(
    measured: Measured,
    published: Published,
    config: FiguresConfig,
    key: str,
    pictures: Mapping[str, str],
) -> str:
    """The whole page.

    Args:
        key: name of the evaluation.
        pictures: title -> path or data URI of a picture.
    """
    rows = measured.results.to_pylist()
    parts = [
        f"# Evaluation {key}\n",
        *map(markdown, overview(measured)),
        f"Intervals are {config.level:.0%} percentile bootstraps over photos with "
        f"{config.resamples:,} resamples, seed {config.seed}; those of classes are Wilson's. "
        "Where answers failed, `excluded` leaves them out and `worst` ranks them last. "
        f"Rows marked (published) are from {published.reference}; {DASH} where no number could be "
        "verified.\n",
        *map(markdown, tables(rows, published)),
        *(f"## {title}\n\n![{title}]({source})\n" for title, source in pictures.items()),
    ]
    return "\n".join(parts)


def overview(measured: Measured) -> Iterable[TextTable]:
    """Which judges and which sets, with their versions, and what was left out."""
    judges = [(judge.label, judge.name) for judge in measured.judges]
    yield TextTable("Judges", ("judge", "version"), judges)
    sets = [
        (
            one.name,
            one.source,
            one.snapshot or DASH,
            one.digest,
            f"{len(one.items):,}",
            ", ".join(
                f"{n} {reason.replace('_', ' ')}"
                for reason, n in Counter(reject.reason for reject in one.rejects).most_common()
            )
            or "0",
        )
        for one in measured.sets
    ]
    header = ("set", "source", "snapshot", "digest", "questions", "left out")
    yield TextTable("Sets", header, sets)


def markdown(table: TextTable) -> str:
    """The table under a heading of level 2."""
    columns = zip(*table.rows, strict=True)
    rule = ["---:" if all(map(_is_number, column)) else "---" for column in columns]
    body = "\n".join(
        "| " + " | ".join(map(_cell, line)) + " |" for line in (table.header, rule, *table.rows)
    )
    note = f"\n\n{table.note}" if table.note else ""
    return f"## {table.title}\n\n{body}{note}\n"


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:2].lstrip("-").isdigit() or text.startswith(DASH)


def _cell(text: str) -> str:
    """A cell cannot hold the column mark or a line break."""
    return text.replace("|", "\\|").replace("\n", " ")
