"""Walks a newcomer's first ten minutes as docs/first-steps.md tells them, and takes its pictures.

    ./test setup && QUAYLAI_BIN=... PYTHON tests/clients/web/pictures.py [FOLDER]

It clicks what the words of the app name, so that it fails when the document no longer fits the app.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402

from shop import DemoShop  # noqa: E402

# The machine may be busy with others.
expect.set_options(timeout=60_000)

VIEW = {"width": 1200, "height": 760}
QUALITY = 78


class Words:
    """What the app says in a language: `words('welcome', 'try.start')`."""

    def __init__(self, language: str):
        self.language = language

    def __call__(self, area: str, key: str, **values) -> str:
        texts = json.loads((ROOT / "web" / "src" / "texts" / self.language / f"{area}.json").read_text())
        for part in key.split("."):
            texts = texts[part]
        for name, value in values.items():
            texts = texts.replace("{{%s}}" % name, str(value))
        return texts


class Album:
    def __init__(self, page: Page, folder: Path, language: str):
        self._page, self._folder, self._language, self._count = page, folder, language, 0

    def take(self) -> None:
        self._count += 1
        expect(self._page.locator(".mantine-Skeleton-root")).to_have_count(0, timeout=30_000)
        path = self._folder / f"first-steps-{self._language}-{self._count}.jpg"
        self._page.screenshot(path=path, type="jpeg", quality=QUALITY, animations="disabled")
        print(path)


def walk(page: Page, words: Words, album: Album) -> None:
    shop = "Áo dài Hạnh" if words.language == "vi" else "Hanh Ao Dai"

    page.goto("/app/")
    expect(page.get_by_role("heading", name=words("accounts", "signIn.title"))).to_be_visible()
    album.take()
    page.get_by_role("button", name=words("accounts", "signIn.demoGo")).click()
    expect(page.get_by_role("navigation", name=words("shell", "ways"))).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    album.take()

    page.goto("/app/workspaces/new")
    page.get_by_label(words("accounts", "shop.name")).fill(shop)
    if words.language == "en":
        page.get_by_role("combobox", name=words("accounts", "shop.language")).click()
        page.get_by_role("option", name="English").click()
    page.get_by_role("button", name=words("accounts", "shop.go")).click()

    # The name is known, so that the second step is what comes next; the address is still wanted.
    steps = page.get_by_role("navigation", name=words("welcome", "steps"))
    steps.get_by_role("button", name=words("welcome", "step.shop")).click()
    expect(page.get_by_role("heading", name=words("welcome", "head.shop"))).to_be_visible()
    page.get_by_label(words("welcome", "shop.url")).fill("https://aodaihanh.example")
    page.get_by_label(words("welcome", "shop.address")).fill("36 Hàng Bạc, Hà Nội")
    album.take()
    page.get_by_role("button", name=words("welcome", "saveAndNext")).click()

    expect(page.get_by_role("heading", name=words("welcome", "head.sender"))).to_be_visible()
    page.get_by_text(words("welcome", "sender.later"), exact=True).click()
    page.get_by_label(words("welcome", "sender.fromAddress")).fill("xinchao@aodaihanh.example")
    album.take()
    page.get_by_role("button", name=words("welcome", "saveAndNext")).click()

    expect(page.get_by_role("heading", name=words("welcome", "head.people"))).to_be_visible()
    album.take()
    page.get_by_role("button", name=words("welcome", "skip"), exact=True).click()

    expect(page.get_by_role("heading", name=words("welcome", "head.journeys"))).to_be_visible()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
    album.take()
    page.get_by_role("button", name=words("welcome", "journeys.install_other", count=3)).click()

    expect(page.get_by_role("heading", name=words("welcome", "head.try"))).to_be_visible(timeout=60_000)
    page.get_by_label(words("welcome", "try.email")).fill("hanh@aodaihanh.example")
    page.get_by_label(words("welcome", "try.name"), exact=True).fill("Hạnh")
    page.get_by_role("button", name=words("welcome", "try.start")).click()
    expect(page.get_by_text(words("welcome", "try.arrived"))).to_be_visible(timeout=120_000)
    album.take()
    page.get_by_role("link", name=words("welcome", "try.keptGo")).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("row").nth(1).click()
    expect(page.locator("iframe").first).to_be_visible()
    album.take()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        shop = DemoShop(Path(place), dict(os.environ))
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        try:
            for language in ("vi", "en"):
                context = browser.new_context(
                    base_url=shop.base, viewport=VIEW, reduced_motion="reduce", timezone_id="Asia/Ho_Chi_Minh"
                )
                context.add_init_script(f"localStorage.setItem('quaylai.language', {language!r})")
                context.set_default_timeout(30_000)
                page = context.new_page()
                page.on("pageerror", lambda error: print(error, file=sys.stderr))
                page.on("console", lambda said: said.type == "error" and print(said.text, file=sys.stderr))
                began = time.monotonic()
                walk(page, Words(language), Album(page, folder, language))
                print(f"{language}: {time.monotonic() - began:.0f} s from the sign-in to the first automatic message")
                context.close()
        except Exception:
            print(shop.tail(), file=sys.stderr)
            raise
        finally:
            browser.close()
            shop.close()


if __name__ == "__main__":
    main()
