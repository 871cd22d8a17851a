"""Waiting on a condition with a deadline: the only way these tests wait."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str, deadline_s: float = 30, every_s: float = 0.05) -> T:
    """Returns the first truthy value of `condition`; fails with `what` once the deadline has passed."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(every_s)
