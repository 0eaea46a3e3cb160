"""`joppo demo`: the embedded profile from labels to snapshot, then a look at what came out."""

from rich.console import Console

from data.query import run_query
from data.store import Store
from flows.query import rich_table

CONFIG = "configs/embedded/build-sft-data.yaml"
LOOKS = {
    "Category balance": (
        "SELECT category, abbreviation, name, before, attempted, accepted, after "
        "FROM category_balance"
    ),
    "Why attempts and answers were dropped": "FROM reject_reasons",
    "Three training samples": (
        "SELECT task, messages[1].content AS question, messages[-1].content AS answer "
        "FROM sft_samples USING SAMPLE 3 ROWS (reservoir, 7)"
    ),
}


def run_demo(root: str | None) -> None:
    """Run the flow and print the category balance and three samples."""
    from flows.build_sft_data import build_sft_data

    store = Store(root) if root else Store.from_env()
    version = build_sft_data(CONFIG, store=store.root)
    console = Console()
    for title, sql in LOOKS.items():
        console.print(rich_table(run_query(store, sql, version), title))
    console.print(f"\nSnapshot [bold]{version}[/bold] in {store.root}. Ask it anything:")
    console.print("  joppo query 'SELECT task, count(*) FROM sft_samples GROUP BY task'")
