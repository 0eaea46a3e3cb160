"""Is the reasoning long enough, and not too long?"""

from joppo.data.reasoning.checks.base import Failure, Sample


def length(sample: Sample) -> Failure | None:
    words, config = len(sample.reasoning.split()), sample.config
    if words < config.min_words:
        return Failure("too_short", f"{words} words, at least {config.min_words} are wanted")
    if words > config.max_words:
        return Failure("too_long", f"{words} words, at most {config.max_words} are wanted")
    return None
