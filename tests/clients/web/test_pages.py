"""Every page, on a shop full of data: in both languages, both themes, wide and narrow, with longer words."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from app_page import PHONE, WIDE, assert_accessible, assert_fits, open_context
from routes import routes
from shop import DemoShop

LOOKS = {
    "vi-light-wide": ("vi", "light", WIDE),
    "en-dark-wide": ("en", "dark", WIDE),
    "vi-dark-phone": ("vi", "dark", PHONE),
    "en-light-phone": ("en", "light", PHONE),
}

# A third longer, as other languages are, on everything that can be pressed or that names something.
LENGTHEN = """() => {
  const said = document.querySelectorAll('button, a, label, th, h1, h2, h3, [role=tab], [class*=Badge-label]');
  for (const place of said) {
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      const words = text.data.trim();
      if (words.length > 2) text.data = text.data + ' ' + words.slice(0, Math.ceil(words.length / 3));
    }
  }
}"""

# A page that was shown and is hidden again, while one more part of it loads, is noted.
WATCH_FLASHES = """(() => {
  window.flashes = 0;
  new MutationObserver((changes) => {
    for (const { target } of changes)
      if (target.style?.getPropertyPriority('display') === 'important' && target.querySelector('h1')) window.flashes += 1;
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['style'] });
})()"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = DemoShop(tmp_path_factory.mktemp("shop"), dict(os.environ))
    yield made
    made.close()


@pytest.fixture(scope="module")
def addresses(shop) -> list[str]:
    """Where the pages are, with what the shop has in the place of parameters."""
    first = {
        "/customers/": lambda: shop.get("/profiles", limit=1)["items"][0]["id"],
        "/segments/": lambda: shop.get("/segments")["items"][0]["id"],
        "/journeys/": lambda: shop.get("/journeys")["items"][0]["id"],
        "/library/": lambda: shop.get("/scenarios")["items"][0]["slug"],
        "/campaigns/": lambda: shop.get("/campaigns")["items"][0]["id"],
        "/content/": lambda: shop.get("/templates")["items"][0]["id"],
        "/messages/": lambda: shop.get("/messages", limit=1)["items"][0]["id"],
        "/lists/": lambda: shop.get("/lists")["items"][0]["id"],
    }
    found = []
    for route in routes():
        path = route.path
        if route.is_bare:
            # For people who are not signed in; test_accounts.py looks at them.
            continue
        if route.parameters:
            known = next((find for start, find in first.items() if path.startswith(start)), None)
            if known is None:
                continue
            try:
                value = known()
            except IndexError:
                continue
            for name in route.parameters:
                path = path.replace(f"${name}", str(value))
        found.append(path)
    return found


# These show what loading looks like, or load pictures only when they come into sight.
NEVER_STILL = {"/look", "/library", "/content"}


def settle(page, path: str) -> None:
    """Until nothing says that it is still loading."""
    if path not in NEVER_STILL:
        expect(page.locator("[aria-busy=true], .mantine-Skeleton-root")).to_have_count(
            0, timeout=30_000
        )


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible_and_fits(browser, shop, addresses, look):
    language, scheme, viewport = LOOKS[look]
    context = open_context(browser, shop, language=language, scheme=scheme, viewport=viewport, signed_in=shop.owner)
    context.add_init_script(WATCH_FLASHES)
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    try:
        for path in addresses:
            page.goto(f"/app{path}")
            page.locator("h1").first.wait_for()
            settle(page, path)
            try:
                assert_accessible(page)
                assert_fits(page)
                assert page.evaluate("window.flashes") == 0, "the page was hidden after it was shown"
                page.evaluate(LENGTHEN)
                assert_fits(page)
            except AssertionError as wrong:
                faults.append(f"{path}: {wrong}")
    finally:
        context.close()
    assert not faults, "\n".join(faults)
