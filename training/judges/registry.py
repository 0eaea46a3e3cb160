"""The kinds of judges that a config may name.

kind: local                      a model on this machine
kind: endpoint                   a model behind an API
kind: my_package.judges:Mine     anybody's own; see `CustomJudgeConfig`
"""

from joppo.data.registry import Registry
from joppo.training.judges.judge import JudgeKind

JUDGES: Registry[JudgeKind] = Registry(
    "judge",
    {
        "local": "joppo.training.judges.local:LocalJudge",
        "endpoint": "joppo.training.judges.endpoint:EndpointJudge",
    },
)
