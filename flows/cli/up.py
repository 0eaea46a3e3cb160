"""`joppo up`."""

from joppo.flows.cli.options import PortOption


def up(port: PortOption = 4200) -> None:
    """Start server, work pools, deployments and workers on this machine."""
    from joppo.flows.server.up import up as start

    start(port)
