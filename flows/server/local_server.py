"""Where the server of `joppo up` is noted, so that other commands in this folder find it."""

import json
from pathlib import Path

from joppo.data.store.processes import alive
from joppo.data.store.write_aside import write_aside

NOTE = Path(".prefect") / "joppo-up.json"


def note_server(api_url: str, pid: int) -> None:
    """Record the server of this folder."""
    with write_aside(NOTE) as aside:
        aside.write_text(json.dumps({"api_url": api_url, "pid": pid}), encoding="utf-8")


def forget_server() -> None:
    """Remove the record; nothing happens where there is none."""
    NOTE.unlink(missing_ok=True)


def running_server() -> str | None:
    """API URL of the server that `joppo up` runs in this folder, or None."""
    try:
        note = json.loads(NOTE.read_text(encoding="utf-8"))
        return str(note["api_url"]) if alive(int(note["pid"])) else None
    except FileNotFoundError:
        return None
