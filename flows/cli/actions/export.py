"""What `joppo export` writes: one Hugging Face dataset folder per table."""

from collections.abc import Sequence
from pathlib import Path

from joppo.data.corpus.export import export_hf
from joppo.data.corpus.publish import latest_version
from joppo.flows.parameters import open_store


def export_tables(
    out: Path, tables: Sequence[str], version: str | None, root: str | None
) -> list[Path]:
    """Export tables of one snapshot; returns the folders.

    A single table becomes `out` itself, several become `out/<table>`.

    Raises:
        FileExistsError: a folder to write holds something.
        ExportError: a table cannot be exported.
        CorpusNotFoundError: there is no such snapshot.
    """
    store = open_store(root)
    names = list(dict.fromkeys(tables))
    # Named once, so that a publish in between does not mix two snapshots.
    version = version or latest_version(store)
    folders = [out] if len(names) == 1 else [out / name for name in names]
    return [
        export_hf(store, name, folder, version) for name, folder in zip(names, folders, strict=True)
    ]
