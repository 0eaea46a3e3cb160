"""Reports in a store: each in a folder that is named by a content hash, and which is the latest."""

from collections.abc import Mapping
from dataclasses import dataclass

from joppo.data.store.store import Store


@dataclass(frozen=True)
class ReportFolder:
    """Where the reports of one kind lie in a store.

    `folder` holds a folder per report; the file `latest` holds the key of the report that was asked
    for last.
    """

    folder: str
    latest: str

    def of(self, key: str) -> str:
        """The folder of one report."""
        return f"{self.folder}/{key}"

    def write(
        self, store: Store, key: str, files: Mapping[str, bytes], pictures: Mapping[str, bytes]
    ) -> None:
        """Write a report: its pictures as `<name>.png`, then its files in their order.

        The last file is the sign that the report is complete.

        Raises:
            StoreError: the store cannot be written.
        """
        for name, picture in pictures.items():
            store.write_bytes(f"{self.of(key)}/{name}.png", picture)
        for name, content in files.items():
            store.write_bytes(f"{self.of(key)}/{name}", content)

    def set_latest(self, store: Store, key: str) -> None:
        """Make a report the latest one."""
        store.write_bytes(self.latest, f"{key}\n".encode())

    def latest_key(self, store: Store) -> str | None:
        """Key of the latest report; None before the first."""
        try:
            return store.read_bytes(self.latest).decode().strip()
        except FileNotFoundError:
            return None
