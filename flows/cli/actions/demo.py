"""`joppo demo`: the embedded profile from labels to snapshot, then a look at what came out."""

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from joppo.data.corpus.query import run_query
from joppo.flows.cli.actions.query import rich_table
from joppo.flows.parameters import open_store

CONFIG = "configs/embedded/build-sft-data.yaml"
BALANCE = "SELECT abbreviation, before, attempted, accepted, after FROM category_balance"
DROPPED = "SELECT stage, reason, items FROM reject_reasons"
SAMPLES = """
    SELECT task, provider, messages[1].content AS question, messages[-1].content AS answer
    FROM sft_samples QUALIFY row_number() OVER (PARTITION BY task ORDER BY sample_id) = 1
    ORDER BY task
"""


def run_demo(root: str | None) -> None:
    """Run the flow and print the category balance and three samples."""
    from joppo.flows.build_sft_data import build_sft_data

    store = open_store(root)
    version = build_sft_data(CONFIG, store=store.root)
    console = Console()
    console.print(rich_table(run_query(store, BALANCE, version), "Category balance"))
    console.print(rich_table(run_query(store, DROPPED, version), "What was dropped, and why"))
    for row in run_query(store, SAMPLES, version).to_pylist():
        text = f"[bold]{escape(row['question'])}[/bold]\n\n{escape(row['answer'])}"
        console.print(Panel(text, title=f"a training sample: {row['task']}", title_align="left"))
    console.print(f"\nSnapshot [bold]{version}[/bold] in {store.root}. Ask it anything:")
    console.print("  joppo query 'SELECT task, count(*) FROM sft_samples GROUP BY task'")
