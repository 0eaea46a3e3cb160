"""A headless Chromium that is told what to do: for figures of pages, and for the tests of pages.

    with Browser() as browser:
        browser.size(390, 844, phone=True)
        browser.open(path.as_uri())
        browser.run("document.title")

It speaks the DevTools protocol over a local socket.
"""

import base64
import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from docs.pictures.ui_pages import chromium

_START_S = 60.0
_ANSWER_S = 60.0


class PageError(RuntimeError):
    """A page or a script in it failed."""


class Browser:
    """One page of a Chromium with an empty profile."""

    def __enter__(self) -> "Browser":
        from websockets.sync.client import connect

        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [
                chromium(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._profile.name}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._socket = connect(self._page_url(), max_size=None, proxy=None)
        except BaseException:
            self._end()
            raise
        self._number = 0
        self.events: list[dict[str, Any]] = []
        """what the page told since it was opened: requests, messages, uncaught errors"""
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._profile.cleanup()

    def _page_url(self) -> str:
        """Address of the page's socket; the browser writes its port into the profile."""
        port, deadline = Path(self._profile.name, "DevToolsActivePort"), time.time() + _START_S
        while time.time() < deadline:
            if port.exists() and (lines := port.read_text().splitlines()):
                address = f"http://127.0.0.1:{lines[0]}/json/list"
                with urllib.request.urlopen(address, timeout=10) as answer:
                    pages = [p for p in json.load(answer) if p["type"] == "page"]
                if pages:
                    return str(pages[0]["webSocketDebuggerUrl"])
            time.sleep(0.1)
        raise PageError(f"the browser did not start in {_START_S:.0f} s")

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """One command of the protocol and its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": values}))
        while True:
            message = json.loads(self._socket.recv(timeout=_ANSWER_S))
            if message.get("id") == self._number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                return dict(message["result"])
            self.events.append(message)

    def size(self, width: int, height: int, *, phone: bool = False, scale: float = 1.0) -> None:
        """Size of the window in CSS pixels; a phone reports touch and a narrow screen."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=phone,
        )

    def dark(self, on: bool) -> None:
        """Whether the page is told that its reader prefers dark colors."""
        value = "dark" if on else "light"
        feature = {"name": "prefers-color-scheme", "value": value}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self._socket.recv(timeout=_ANSWER_S)))

    def run(self, script: str) -> Any:
        """The value of a script in the page, as JSON.

        Raises:
            PageError: the script throws.
        """
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise PageError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 30.0) -> None:
        """Wait until a script gives something true."""
        deadline = time.time() + seconds
        while not self.run(script):
            if time.time() > deadline:
                raise PageError(f"not true after {seconds:.0f} s: {script}")
            time.sleep(0.05)

    def picture(self, out: Path) -> None:
        """PNG of what the window shows."""
        # Lazy images load when they come near the window.
        near = "i.getBoundingClientRect().top < innerHeight"
        self.wait(f"[...document.images].every(i => i.complete || !({near}))")
        data = self.call("Page.captureScreenshot", format="png")["data"]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(base64.b64decode(data))
