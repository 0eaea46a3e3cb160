"""Offline teachers: called directly, without a gateway."""

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from joppo.data.teachers.base import Teacher, TeacherAnswer, TeacherRequest
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.providers import make_teacher, traits_of


class OfflineTeacher(Teacher, Protocol):
    """A teacher that needs no network, so that nothing has to be waited for."""

    def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """The answer, with the same contract as that of `ask`."""
        ...


def ask_offline(
    requests: Sequence[TeacherRequest], configs: Iterable[ProviderConfig] = ()
) -> list[TeacherAnswer]:
    """Answers of offline teachers, in the order of the requests.

    Args:
        configs: those of the teachers that have one; a teacher without gets the defaults.

    Raises:
        ValueError: a request is for a teacher that is asked over a network.
    """
    online = sorted({r.provider for r in requests if not traits_of(r.provider).offline})
    if online:
        raise ValueError(f"no connection to {', '.join(online)}: pass the gateway as `ask`")
    teachers: dict[tuple[str, str], OfflineTeacher] = {}
    by_model = {(one.provider, one.model): one for one in configs}
    for provider, model in {(r.provider, r.model) for r in requests}:
        config = by_model.get((provider, model)) or ProviderConfig(
            name=provider, provider=provider, model=model
        )
        teachers[provider, model] = cast(OfflineTeacher, make_teacher(config))
    return [teachers[r.provider, r.model].answer(r) for r in requests]
