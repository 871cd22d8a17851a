"""What a text message costs, against an implementation that is not ours."""

from __future__ import annotations

import json
import random
import subprocess
import unicodedata
from pathlib import Path

NODE = Path(__file__).parent / "node"

ALPHABETS = ("abc XYZ 019.,", "abc [QC] ~^|\\ €", "abc đưăâêôơ ếựýÀĐ", "đ 🎁👍🏽 x", "abc €àéù ₫–… [x] 🎁")


def texts() -> list[str]:
    """The borders of one part and of several, and a few hundred by chance, always the same."""
    lengths = (1, 69, 70, 71, 134, 135, 160, 161, 201, 202, 306, 307, 459, 460)
    found = [letter * length for letter in "aư" for length in lengths]
    found += ["[QC]", "{}[]~^|\\€", "a" * 152 + "[" + "b" * 152, "ư" * 66 + "🎁" + "ư" * 66, "👨‍👩‍👧" * 20, "🇻🇳" * 40]
    chance = random.Random(20261122)
    for _ in range(60):
        letters = chance.choice(ALPHABETS)
        found.append("".join(chance.choice(letters) for _ in range(chance.randint(1, 420))))
    # Spaces at the ends go before a text is sent.
    return [text for text in (unicodedata.normalize("NFC", text.strip()) for text in found) if text]


def test_parts_are_counted_as_others_count_them(quaylai):
    wanted = texts()
    finished = subprocess.run(
        ["node", str(NODE / "sms_segments.mjs")],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    theirs = json.loads(finished.stdout)
    assert {one["alphabet"] for one in theirs} == {"gsm7", "ucs2"} and max(one["parts"] for one in theirs) > 4
    for text, expected in zip(wanted, theirs, strict=True):
        template = {"channel": "sms", "purpose": "transactional", "body": {"text": text}}
        told = quaylai.write("POST", "/templates/preview", {"template": template, "sample": "full"})
        written = told["sms"]["written"]
        assert written["text"] == text
        assert {name: written[name] for name in ("alphabet", "units", "parts")} == expected, text
