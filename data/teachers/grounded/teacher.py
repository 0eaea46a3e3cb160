"""The grounded teacher: offline, free and deterministic, behind the protocol of all teachers."""

from joppo.data.questions.answer_format import completion
from joppo.data.teachers.base import TeacherAnswer, TeacherRequest
from joppo.data.teachers.grounded.composer import compose


class GroundedTeacher:
    """The offline teacher behind the protocol of `data.teachers.base`.

    `request.context` is what `data.teachers.composer.compose` reads. Four parameters shorten the
    text: `max_facts` (0 to 4), `exclude` (false leaves out why another option does not fit),
    `max_attributes` (most sentences about attributes in a text about quality) and `plain` (for a
    score, one fact on light and one on color and nothing else).
    """

    provider = "grounded"

    def __init__(self, model: str = "grounded-1") -> None:
        self.model = model

    async def ask(self, request: TeacherRequest) -> TeacherAnswer:
        return self.answer(request)

    def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """The answer, without waiting for anything."""
        most = request.params.get("max_attributes")
        composed = compose(
            request.request_id,
            request.context,
            max_facts=int(request.params.get("max_facts", 4)),
            exclude=bool(request.params.get("exclude", True)),
            max_attributes=None if most is None else int(most),
            plain=bool(request.params.get("plain", False)),
        )
        truth = request.context["question"]["truth"]
        reply = completion(composed.text, truth)
        return TeacherAnswer("ok", "stop", reply, provider=self.provider, model=request.model)
