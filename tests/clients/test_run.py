"""`./run` as somebody who has just cloned the repository would use it. Needs what it builds to be built already."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import requests

from quaylai_server import end_with_parent, free_port
from waiting import wait_until

ROOT = Path(__file__).parents[2]


def test_the_demo_shop_comes_up_says_where_and_ends_when_told(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    log = tmp_path / "run.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(ROOT / "run"), "--listen", address, "--data", str(tmp_path / "demo")],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text(errors="replace")[-4_000:]
            try:
                return requests.get(f"http://{address}/readyz", timeout=5).status_code == 200
            except requests.RequestException:
                return False

        wait_until(answers, "the demo shop is ready", 300, every_s=0.25)
        wait_until(lambda: f"http://{address}" in log.read_text(errors="replace"), "the address is printed", 60)
        printed = log.read_text(errors="replace")
        assert re.search(r"(?i)(password|mật khẩu)", printed), printed[-4_000:]
        page = requests.get(f"http://{address}/", timeout=30)
        assert page.status_code == 200 and "text/html" in page.headers["content-type"]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130, -signal.SIGINT)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(30)


def test_help_says_how():
    done = subprocess.run([str(ROOT / "run"), "--help"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    for option in ("--listen", "--data", "--fresh"):
        assert option in done.stdout


def test_it_does_not_guess():
    done = subprocess.run([str(ROOT / "run"), "--lisen", "x"], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "--lisen" in done.stderr
