"""`joppo query` knows the metrics of all training runs of a store, wherever it is."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from joppo.data.corpus.publish import publish
from joppo.data.corpus.query import QueryError, run_query
from joppo.data.store.store import Store
from joppo.flows.cli.app import app
from joppo.training.runs.metrics_log import VIEW, MetricsLog, all_metrics
from tests.data.corpus_rows import small_corpus


def _corpus(root: str | Path) -> Store:
    store = Store(root)
    publish(store, small_corpus(store), config_hash="c", inputs={})
    return store


def _shown(store: Store, sql: str) -> str:
    arguments = ["query", sql, "--format", "csv", "--store", store.root]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("kind", ["local", "remote"])
def test_all_runs_are_one_view(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = _corpus(tmp_path / "store" if kind == "local" else "memory://query-metrics")
    assert _shown(store, "FROM training_metrics").splitlines() == [
        '"run","stage","step","epoch","name","value"'
    ]
    MetricsLog(store, "sft-1", "sft").add(1, 0.1, {"loss": 2.0})
    MetricsLog(store, "joppo-1", "joppo").add(1, 0.1, {"reward": 0.5, "kl": 0.0})
    store.write_bytes("runs/latest-sft", b"sft-1\n")
    found = _shown(store, "SELECT run, name, value FROM Training_Metrics ORDER BY ALL")
    assert found.splitlines()[1:] == [
        '"joppo-1","kl",0',
        '"joppo-1","reward",0.5',
        '"sft-1","loss",2',
    ]
    # Beside the tables of the snapshot.
    assert _shown(store, "SELECT count(*) > 0 AS c FROM training_metrics, images").split() == [
        '"c"',
        "true",
    ]


def test_a_misspelt_name_is_explained(tmp_path: Path) -> None:
    store = _corpus(tmp_path)
    with pytest.raises(QueryError, match="Did you mean: training_metrics"):
        run_query(store, "FROM training_metric", extra={VIEW: lambda: all_metrics(store)})
