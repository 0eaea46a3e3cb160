"""The grounded teacher: it writes from the label and from measured facts, offline and for free."""

from pydantic import SecretStr

from joppo.data.questions.answer_format import completion
from joppo.data.store.hashing import content_hash
from joppo.data.teachers.base import TeacherAnswer, TeacherRequest
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.context import Context
from joppo.data.teachers.grounded.composer import compose
from joppo.data.teachers.grounded.words import wording_version
from joppo.data.teachers.pricing import FREE


class GroundedTeacher:
    """Answers from `request.context` alone; the same question always gets the same text.

    Four request parameters shorten the text: `max_facts` (0 to 4), `exclude` (false leaves out why
    another option does not fit), `max_attributes` (most sentences about attributes in a text about
    quality) and `plain` (for a score, one fact about light and one about color, nothing else).
    """

    offline = True
    reads_label = True
    price = FREE
    version = wording_version()

    def __init__(self, config: ProviderConfig, key: SecretStr) -> None:
        self.provider: str = config.provider
        self.model = config.model

    async def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """See `data.teachers.base.Teacher`."""
        return self.answer(request)

    def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """The answer, which takes no waiting.

        Raises:
            ValueError: the request has no context.
        """
        if request.context is None:
            raise ValueError(f"teacher {self.provider} needs the context of request {request}")
        most = request.params.get("max_attributes")
        composed = compose(
            _key(request, request.context),
            request.context,
            max_facts=int(request.params.get("max_facts", 4)),
            exclude=bool(request.params.get("exclude", True)),
            max_attributes=None if most is None else int(most),
            plain=bool(request.params.get("plain", False)),
        )
        reply = completion(composed.text, request.context.question.truth)
        return TeacherAnswer("ok", "stop", reply, provider=self.provider, model=request.model)


def _key(request: TeacherRequest, context: Context) -> str:
    """What decides between wordings: all that the request asks, but not how its prompt is worded.

    So a change of the visual prompt, which this teacher does not read, does not change its texts.
    """
    question = context.question
    photos = [photo.id for photo in question.subjects(context.subject)]
    asked = [question.template.key, question.text, question.truth]
    return content_hash("grounded", request.model, dict(request.params), asked, photos)
