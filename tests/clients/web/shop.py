"""The demo shop, with a past and live shoppers, for tests that look at pages full of data."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import requests

from quaylai_server import binary, end_with_parent, free_port
from waiting import wait_until


class DemoShop:
    def __init__(self, folder: Path, environment: dict[str, str]):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "demo.log"
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                [binary(), "demo", "--data", str(folder / "data"), "--listen", f"127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                preexec_fn=end_with_parent,
            )

        def answers() -> bool:
            assert self._process.poll() is None, self.tail()
            try:
                return requests.get(f"{self.base}/readyz", timeout=5).status_code == 200
            except requests.RequestException:
                return False

        wait_until(answers, "the demo shop is ready", 300, every_s=0.25)
        wait_until(lambda: "mật khẩu" in self.tail(), "the sign-in is printed", 60)
        said = self.tail()
        self.owner = {
            "email": re.search(r"đăng nhập:\s+(\S+)", said).group(1),
            "password": re.search(r"mật khẩu:\s+(\S+)", said).group(1),
        }
        self._session = requests.Session()
        self._session.headers["X-Quaylai-CSRF"] = "1"
        answer = self._session.post(f"{self.base}/api/v1/session", json=self.owner, timeout=30)
        assert answer.ok, answer.text
        # Its past comes in like anybody's events; what is asked of the shop meanwhile would wait behind it.
        wait_until(lambda: self.get("/status")["inbox"]["length"] < 100, "the past has come in", 300, every_s=0.5)
        wait_until(lambda: self.get("/campaigns")["items"], "the campaigns are there", 60, every_s=0.5)
        wait_until(lambda: self.get("/messages", limit=1)["items"], "something was sent", 60, every_s=0.5)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-8_000:]

    def get(self, path: str, **query):
        answer = self._session.get(f"{self.base}/api/v1{path}", params=query, timeout=60)
        assert answer.ok, (path, answer.text)
        return answer.json()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
