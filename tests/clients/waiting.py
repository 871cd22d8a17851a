"""Waiting on a condition with a deadline: the only way these tests wait."""

from __future__ import annotations

import time
from datetime import datetime, timezone
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


def zone_where_it_is_noon() -> str:
    """The IANA name of a zone in whose middle of the day this test runs, so that no law's night is in its way."""
    ahead = 12 - datetime.now(timezone.utc).hour
    # These names count the other way round: Etc/GMT-7 is seven hours ahead of Greenwich.
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
