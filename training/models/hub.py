"""A model folder to a hub, as a repository that transformers, peft and vLLM load by its name."""

import os
from pathlib import Path

from joppo.training.models.base_model import ADAPTER_FILE, adapter_base, read_lineage
from joppo.training.models.model_folder import finished

TOKEN = "HF_TOKEN"


class PushError(RuntimeError):
    """The folder was not pushed; the message names the remedy."""


def push(folder: Path, repo: str, private: bool = True, endpoint: str | None = None) -> str:
    """Upload a finished model folder and return the address of the commit.

    The token is read from `$HF_TOKEN` and passed to the client only. An existing repository gets a
    new commit; only files that have changed are sent.

    Args:
        folder: of a finished run, or a merged model.
        repo: `org/name`.
        private: whether a new repository is private.
        endpoint: of another hub than the client's own (or `$HF_ENDPOINT`).

    Raises:
        PushError: the folder is incomplete, its base is on this machine only, there is no token, or
            the hub refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    _check(folder)
    token = os.environ.get(TOKEN)
    if not token:
        raise PushError(f"no token: set ${TOKEN} to one that may write to {repo}")
    about = read_lineage(folder) or {}
    api = HfApi(endpoint=endpoint, token=token)
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=repo, folder_path=folder, commit_message=f"Run {about.get('run', folder.name)}"
        )
    except HFValidationError as error:
        raise PushError(f"{repo!r} is no name of a repository: {error}") from None
    except OSError as error:  # the client's own errors among them
        # Without its cause: a request may show the token in its headers.
        raise PushError(f"the hub did not take {repo}: {error}") from None
    return str(done.commit_url)


def _check(folder: Path) -> None:
    if not finished(folder):
        raise PushError(f"{folder} is no whole model folder: let the run finish, or merge again")
    if (folder / ADAPTER_FILE).is_file() and Path(adapter_base(folder)).is_dir():
        raise PushError(
            f"the base of {folder} is on this machine only, so nobody else could load its adapter: "
            "push what `python -m joppo.training.models merge` writes"
        )
