"""Which models a server offers: asked before a judge of ours is asked anything there."""

from joppo.data.teachers.base import AuthError, ProviderDown, TeacherError
from joppo.data.teachers.config import ProviderConfig
from joppo.data.teachers.secrets import read_key, scrub

_TIMEOUT_S = 30.0


class WrongServerError(TeacherError):
    """The server does not offer the judge; the message names what is expected and what is there."""

    reason = "wrong_server"


def check_served(teacher: ProviderConfig) -> None:
    """Whether the server at `teacher.base_url` offers `teacher.model`.

    Raises:
        WrongServerError: it offers other models, or does not list them.
        AuthError: the key is missing or refused.
        ProviderDown: it does not answer.
    """
    offered = served_models(teacher)
    if teacher.model not in offered:
        names = ", ".join(offered) or "no model"
        raise WrongServerError(
            f"{teacher.base_url} offers {names}, and the judge is {teacher.model}: start the "
            "server with what `joppo serve` prints for this model folder, or name the folder that "
            "is served there"
        )


def served_models(teacher: ProviderConfig) -> list[str]:
    """Names of the models that an OpenAI-compatible server lists at `/models`.

    Raises:
        WrongServerError, AuthError, ProviderDown: see `check_served`.
    """
    import openai

    key = read_key(teacher.key_env).get_secret_value()
    where = f"{teacher.base_url}/models"
    try:
        with openai.OpenAI(
            api_key=key, base_url=teacher.base_url, timeout=_TIMEOUT_S, max_retries=2
        ) as client:
            return [model.id for model in client.models.list()]
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise AuthError(f"{where}: {scrub(str(error), 300)}") from None
    except openai.APIStatusError as error:
        if error.status_code >= 500:
            raise ProviderDown(f"{where}: {scrub(str(error), 300)}") from None
        raise WrongServerError(
            f"{where} does not list the models of a server ({scrub(str(error), 300)}): does the "
            "address end in /v1?"
        ) from None
    except openai.APIConnectionError:
        raise ProviderDown(f"no answer from {where}: is the server running?") from None
