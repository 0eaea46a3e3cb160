"""`joppo demo`."""

from joppo.flows.cli.options import StoreOption


def demo(store: StoreOption = None) -> None:
    """Run build-sft-data on embedded scenes and show what came out."""
    from joppo.flows.cli.actions.demo import run_demo

    run_demo(store)
