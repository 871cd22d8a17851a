"""Every page of the app, read from its own source, so that none is forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SCREENS = Path(__file__).parents[3] / "web" / "src" / "screens"
ROUTE = re.compile(r"screen\(\s*'([^']+)'(.*?)\)\s*[,\]\n]", re.DOTALL)


@dataclass(frozen=True)
class Route:
    path: str
    is_bare: bool

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\$(\w+)", self.path)


def routes() -> list[Route]:
    found = []
    for file in sorted(SCREENS.glob("*/index.ts*")):
        for path, rest in ROUTE.findall(file.read_text()):
            # What follows the loader: `{ frame: 'bare' }`.
            found.append(Route(path, "'bare'" in rest.split("screen(")[0]))
    assert len({route.path for route in found}) == len(found), "two pages have one address"
    return found
