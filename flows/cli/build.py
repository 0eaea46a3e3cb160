"""`joppo build`."""

from joppo.flows.cli.options import ConfigArgument, StoreOption


def build(config: ConfigArgument, store: StoreOption = None) -> None:
    """Run build-sft-data with a config, in this process."""
    from joppo.flows.build_sft_data import build_sft_data

    build_sft_data(str(config), store=store)
