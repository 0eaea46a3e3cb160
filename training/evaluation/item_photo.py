"""The photo of an evaluation item, opened when it is needed."""

from typing import Any

from joppo.data.photos.decode import PhotoError, load_photo
from joppo.data.store.hashing import sha256
from joppo.training.evaluation.items import Item


class ItemPhoto:
    """Opens an item's photo when a judge asks for it; `error` says why that failed."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.error: PhotoError | None = None

    def __call__(self) -> Any:
        try:
            return load_photo(self._content())
        except PhotoError as error:
            self.error = error
            raise

    @property
    def opens(self) -> bool:
        """Whether the photo can be opened."""
        try:
            self()
        except PhotoError:
            return False
        return True

    def _content(self) -> bytes:
        try:
            content = self.item.read()
        except FileNotFoundError as error:
            raise PhotoError("missing_image", "the file is gone; put it back") from error
        except OSError as error:
            raise PhotoError("unreadable_file", f"cannot be read ({error.strerror})") from error
        if sha256(content) != self.item.image_id:
            raise PhotoError("changed_file", "the file has changed since it was listed; run again")
        return content
