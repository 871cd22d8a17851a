"""What the web app's tests share: windows, and what must hold on every page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def open_context(browser: Browser, server, *, language="vi", scheme="light", viewport=None, signed_in=None):
    """A window of its own: language, colours and size as wished; signed in when told as whom."""
    context = browser.new_context(
        base_url=server.base,
        viewport=viewport or WIDE,
        color_scheme=scheme,
        locale="vi-VN" if language == "vi" else "en-GB",
        timezone_id="Asia/Ho_Chi_Minh",
        reduced_motion="reduce",
    )
    context.add_init_script(f"localStorage.setItem('quaylai.language', {language!r})")
    context.set_default_timeout(15_000)
    if signed_in:
        answer = context.request.post(
            f"{server.base}/api/v1/session",
            data={"email": signed_in["email"], "password": signed_in["password"]},
            headers={"X-Quaylai-CSRF": "1"},
        )
        assert answer.ok, answer.text()
    return context


def assert_accessible(page: Page, *, without: list[str] | None = None) -> None:
    """No violation that axe-core finds, outside frames that hold e-mails of shops."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async ([rules, without]) => {
            const context = { exclude: [['iframe'], ...without.map((one) => [one])] };
            const options = { runOnly: rules, iframes: false, resultTypes: ['violations'] };
            const { violations } = await window.axe.run(context, options);
            return violations.map((one) => ({
                rule: one.id, help: one.help,
                nodes: one.nodes.slice(0, 5).map((node) => node.html.slice(0, 200) + ' | ' + (node.failureSummary ?? '').slice(0, 300)),
            }));
        }""",
        [RULES, without or []],
    )
    assert not found, found


def assert_fits(page: Page) -> None:
    """Nothing is wider than the window."""
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1] + 1, f"the page is {widths[0]} px wide in a window of {widths[1]} px: {page.url}"
