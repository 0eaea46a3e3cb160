"""Files under one root, on a local disk or on any object store that fsspec knows.

Every file appears whole or not at all: a local file is written aside and renamed, an object store's
put is atomic by nature. Names are relative to the root, so the whole can be moved.
"""

import shutil
from pathlib import Path, PurePosixPath
from typing import NoReturn

import fsspec
from fsspec.implementations.local import LocalFileSystem

from joppo.data.store.write_aside import write_aside


class StoreError(RuntimeError):
    """The store cannot be read or written; the message names the root and a remedy."""


class FileStore:
    """Whole files at a path or fsspec URI (`s3://bucket/prefix`, `memory://name`, ...).

    Credentials and endpoints come from the environment of the protocol's library, e.g.
    `AWS_ACCESS_KEY_ID` and `AWS_ENDPOINT_URL`. Cheap to make and safe to pickle.
    """

    def __init__(self, root: str | Path):
        text = str(root)
        # Cached listings would hide what another process wrote a moment ago.
        options = {} if _is_local(text) else {"use_listings_cache": False}
        try:
            self._fs, self._base = fsspec.url_to_fs(text, **options)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"no file system for store {text}: {error}. "
                f"Give a path or a URI such as s3://bucket/prefix (which needs s3fs)"
            ) from error
        self._base = self._base.rstrip("/") or "/"
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self.root: str = self._base if self.is_local else text.rstrip("/")

    def __reduce__(self) -> tuple[type["FileStore"], tuple[str]]:
        return type(self), (self.root,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    def path(self, uri: str) -> str:
        """Full path of `uri` for the file system.

        Raises:
            ValueError: the URI is empty, absolute, or leads out of the root.
        """
        pure = PurePosixPath(uri)
        plain = uri and "\\" not in uri and "\0" not in uri and ":" not in uri
        if not plain or pure.is_absolute() or ".." in pure.parts or str(pure) == ".":
            raise ValueError(f"not a URI relative to the store root: {uri!r}")
        return f"{self._base.rstrip('/')}/{pure}"

    def local_path(self, uri: str) -> Path | None:
        """Path of `uri` on this machine, or None where the store is remote."""
        return Path(self.path(uri)) if self.is_local else None

    def exists(self, uri: str) -> bool:
        """Whether the file is there."""
        return self.size(uri) is not None

    def size(self, uri: str) -> int | None:
        """Bytes of the file, or None where there is none."""
        path = self.path(uri)
        try:
            info = self._fs.info(path)
        except FileNotFoundError:
            return None
        except Exception as error:
            self._fail("read", uri, error)
        return int(info["size"]) if info["type"] == "file" else None

    def read_bytes(self, uri: str) -> bytes:
        """Content of the file.

        Raises:
            FileNotFoundError: there is no such file; the message names the store.
            StoreError: the store cannot be read.
        """
        path = self.path(uri)
        try:
            return self._fs.cat_file(path)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"no {uri} in store {self.root}") from error
        except Exception as error:
            self._fail("read", uri, error)

    def write_bytes(self, uri: str, content: bytes) -> None:
        """Write a file whole or not at all; the same content there already is left alone.

        Raises:
            StoreError: the store is read-only, full or out of reach.
        """
        path = self.path(uri)
        if self.is_local and self.size(uri) == len(content) and self.read_bytes(uri) == content:
            return
        try:
            if self.is_local:
                with write_aside(Path(path)) as aside:
                    aside.write_bytes(content)
            else:
                self._fs.pipe_file(path, content)
        except Exception as error:
            self._fail("write", uri, error)

    def put_file(self, source: Path, uri: str) -> None:
        """Copy a local file into the store, whole or not at all.

        Raises:
            StoreError: as for `write_bytes`.
        """
        path = self.path(uri)
        try:
            if self.is_local:
                with write_aside(Path(path)) as aside:
                    shutil.copyfile(source, aside)
            else:
                self._fs.put_file(str(source), path)
        except Exception as error:
            self._fail("write", uri, error)

    def get_file(self, uri: str, target: Path) -> None:
        """Copy a file of the store to a local path, whole or not at all.

        Raises:
            FileNotFoundError: there is no such file.
            StoreError: the store cannot be read.
        """
        source = self.path(uri)
        try:
            with write_aside(target) as aside:
                self._fs.get_file(source, str(aside))
        except FileNotFoundError as error:
            raise FileNotFoundError(f"no {uri} in store {self.root}") from error
        except Exception as error:
            self._fail("read", uri, error)

    def names(self, folder: str) -> list[str]:
        """Sorted names of the files and folders directly in `folder`; empty where there is none."""
        path = self.path(folder)
        try:
            found = self._fs.ls(path, detail=False)
        except FileNotFoundError:
            return []
        except Exception as error:
            self._fail("list", folder, error)
        names = {PurePosixPath(path).name for path in found}
        return sorted(name for name in names if not name.startswith("."))

    def _fail(self, verb: str, uri: str, error: Exception) -> NoReturn:
        """One clear error for all that a disk or an object store may raise."""
        raise StoreError(
            f"cannot {verb} {uri} in store {self.root}: {type(error).__name__}: {error}. "
            f"Check space, permissions and credentials, or set JOPPO_STORE to another place."
        ) from error


def _is_local(root: str) -> bool:
    return "://" not in root or root.startswith(("file://", "local://"))
