"""Our models of buying against two other programs', PyPI lifetimes and btyd, over 10,000 drawn customers and parameters.

Both packages are old and need a Python of their own (requirements-peers.txt), which ./test makes; the program that
answers is crates/domain/examples/btyd_values.rs. A value has to be a peer's within 1e-7 (relative), or, where the peer's
formula has a pole, overflows or cancels, the one computed with 50 digits within 1e-9.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("QUAYLAI_PEERS_PYTHON", "")
PROGRAM = os.environ.get("QUAYLAI_BTYD_VALUES", "")
COUNT = 10_000

pytestmark = pytest.mark.skipif(
    not (PYTHON and PROGRAM), reason="QUAYLAI_PEERS_PYTHON and QUAYLAI_BTYD_VALUES are not set"
)


@pytest.fixture(scope="module")
def compared() -> dict:
    script = Path(__file__).parent / "peers" / "btyd_peers.py"
    ran = subprocess.run([PYTHON, str(script), PROGRAM, str(COUNT)], capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-4_000:]
    return json.loads(ran.stdout)


def test_every_value_is_a_peers_or_the_exact_one(compared):
    assert compared["failures"] == [], f"{compared['failed']} failed: {compared['failures'][:3]}"


def test_peers_were_really_asked(compared):
    assert "lifetimes" in compared["peers"]
    told = compared["told"]
    assert sum(kind["compared"] for kind in told.values()) >= 4 * COUNT
    for name, kind in told.items():
        # Most agree with the packages themselves; only the corners need the digits.
        if name.split()[1] in ("p_alive", "expected", "expected_value"):
            peer = "scipy" if name.startswith("mbg-cnbd-k") else "lifetimes"
            assert kind[peer] >= 0.9 * kind["compared"], (name, kind)
