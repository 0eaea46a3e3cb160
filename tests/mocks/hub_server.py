"""A hub that takes pushes: as much of the Hugging Face Hub's API as `upload_folder` uses."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Hub:
    """What the hub has, by repository; `token` is the only one it accepts."""

    token: str
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    visibility: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def commit(self, repo: str, lines: list[dict[str, Any]]) -> None:
        files = self.repos[repo]
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.messages.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]


@contextmanager
def hub(token: str) -> Iterator[Hub]:
    """A hub on a free port of this machine."""
    state = Hub(token)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def _handler(state: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _send(self, value: Any, status: int = 200) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PUT(self) -> None:
            state.large[self.path.rpartition("/")[2]] = self._body()
            self._send({})

        def do_POST(self) -> None:
            body = self._body()
            if self.headers.get("Authorization") != f"Bearer {state.token}":
                self._send({"error": "Invalid credentials"}, 401)
            elif self.path == "/api/repos/create":
                asked = json.loads(body)
                name = f"{asked['organization']}/{asked['name']}"
                state.repos.setdefault(name, {})
                state.visibility.setdefault(name, asked["visibility"])
                self._send({"url": f"{state.url}/{name}", "id": name})
            elif self.path == "/api/validate-yaml":
                self._send({"errors": [], "warnings": []})
            elif "/preupload/" in self.path:
                self._send({"files": [_mode(file) for file in json.loads(body)["files"]]})
            elif self.path.endswith("/info/lfs/objects/batch"):
                self._send(_batch(state, json.loads(body)))
            elif "/commit/" in self.path:
                repo = "/".join(self.path.split("/")[3:5])
                state.commit(repo, [json.loads(line) for line in body.splitlines()])
                done = f"{state.url}/{repo}/commit/c0ffee"
                self._send({"commitUrl": done, "commitOid": "c0ffee", "success": True})
            else:
                self._send({"error": f"no {self.path}"}, 404)

    return Handler


def _mode(file: dict[str, Any]) -> dict[str, Any]:
    large = file["path"].endswith(".safetensors")
    return {
        "path": file["path"],
        "uploadMode": "lfs" if large else "regular",
        "shouldIgnore": False,
        "oid": None,
    }


def _batch(state: Hub, asked: dict[str, Any]) -> dict[str, Any]:
    objects = [
        {
            "oid": o["oid"],
            "size": o["size"],
            "authenticated": True,
            "actions": {"upload": {"href": f"{state.url}/large/{o['oid']}"}},
        }
        for o in asked["objects"]
    ]
    return {"transfer": "basic", "objects": objects}
