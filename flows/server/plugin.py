"""Prefect start-up hook: bare deployment names, and the server that `joppo up` started.

Each flow and its deployment share one name, so `prefect deployment run build-sft-data` can only
mean `build-sft-data/build-sft-data`; Prefect's own command line insists on the long form. The hook
runs at `import prefect` (before the command line is parsed) where `prefect.toml` enables plugins.
"""

import sys

from prefect.plugins import HookContext, SetupResult, register_hook

from joppo.flows.server.local_server import running_server


def complete_bare_name(argv: list[str]) -> None:
    """Turn `prefect deployment run NAME` into `NAME/NAME`, in place; leave all else."""
    is_run = argv[1:3] == ["deployment", "run"] and len(argv) > 3
    if is_run and "/" not in argv[3] and not argv[3].startswith("-"):
        argv[3] = f"{argv[3]}/{argv[3]}"


class JoppoPlugin:
    """The hook object that pluggy wants: a method, not a module function."""

    @register_hook
    def setup_environment(self, *, ctx: HookContext) -> SetupResult | None:
        complete_bare_name(sys.argv)
        if ctx.api_url:
            return None
        url = running_server()
        return SetupResult(env={"PREFECT_API_URL": url}, note="server of joppo up") if url else None


plugin = JoppoPlugin()
