"""Fixtures of the web app's tests: Chromium by Playwright, signed in to a real server.

Run one file: `./test web -- -k customers`. The app that the server embeds is tested; set QUAYLAI_WEB_DIR to test
another build.
"""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, sync_playwright

from app_page import open_context

OWNER_EMAIL = "owner@moclan.test"
OWNER_PASSWORD = "cà phê sữa đá 36 phố"


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def owner(server) -> dict[str, str]:
    """The sign-in of the owner of the module's server."""
    server.add_user(OWNER_EMAIL, OWNER_PASSWORD, name="Lan", role="owner")
    return {"email": OWNER_EMAIL, "password": OWNER_PASSWORD}


@pytest.fixture
def window(browser, server, owner):
    """Opens pages of the app: `window(language='en', scheme='dark', viewport=PHONE)`; nothing may go wrong in them."""
    opened = []

    def make(**wishes) -> Page:
        wishes.setdefault("signed_in", owner)
        context = open_context(browser, server, **wishes)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console",
            lambda said: page.faults.append(said.text)
            if said.type == "error" and "Failed to load resource" not in said.text
            else None,
        )
        opened.append((context, page))
        return page

    yield make
    faults = [fault for _, page in opened for fault in page.faults]
    for context, _ in opened:
        context.close()
    assert not faults, faults


@pytest.fixture
def app(window) -> Page:
    """A wide window in Vietnamese, signed in as the owner, on the home page."""
    page = window()
    page.goto("/app/")
    return page
