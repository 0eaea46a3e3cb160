"""Ids of models on a hub: `org/name`, or `org/name@revision` for one fixed revision of it."""

from pathlib import Path


def split_revision(model: str) -> tuple[str, str | None]:
    """What `from_pretrained` takes as name and revision; a folder of this machine has none.

    The revision is a branch, a tag or a commit; None stands for the hub's `main`.
    """
    name, at, revision = model.partition("@")
    if not at or Path(model).is_dir():
        return model, None
    return name, revision
