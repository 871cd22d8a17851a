"""The pages that customers see: choosing, stopping and confirming, with a browser, a keyboard, and without scripts."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from app_page import PHONE, WIDE, assert_accessible, assert_fits, open_context
from mail_server import MailServer
from waiting import wait_until

LOOKS = {
    "vi-light-phone": ("vi", "light", PHONE),
    "en-dark-phone": ("en", "dark", PHONE),
    "vi-dark-wide": ("vi", "dark", WIDE),
    "en-light-wide": ("en", "light", WIDE),
}
TEMPLATE = {
    "name": "Tin mới",
    "channel": "email",
    "subject": "Áo mới về",
    "body": {
        "kind": "html",
        "source": '<p>Chào bạn</p><a href="{{ preferences_url }}">Tùy chọn</a> <a href="{{ unsubscribe_url }}">Ngừng</a>',
    },
}


@pytest.fixture(scope="module")
def post():
    running = MailServer()
    yield running
    running.close()


@pytest.fixture(scope="module")
def shop(server, post):
    client = server.client
    client.use_smtp(post.host, post.port)
    topics = [{"id": "sale", "name": "Khuyến mãi", "name_en": "Offers"}, {"id": "new", "name": "Hàng mới", "name_en": "New arrivals"}]
    client.write("PATCH", "/settings", {"topics": topics, "shop": {"name": "Áo dài Hạnh", "address": "Số 9 Hàng Đào, Hà Nội"}})
    client.put_template("news", TEMPLATE)
    return client


class Customer:
    """Somebody with a mailbox; `agrees` to advertisements by e-mail from the beginning."""

    def __init__(self, shop, post, *, agrees: bool = True):
        nonce = uuid.uuid4().hex[:10]
        self.shop, self.post = shop, post
        self.user_id, self.email = f"khach-{nonce}", f"khach.{nonce}@example.com"
        shop.identify(self.user_id, {"email": self.email, "firstName": "Bình", "phone": f"09{int(nonce[:8], 16) % 10**8:08d}"})
        shop.settle()
        self.id = shop.profile(f"user_id:{self.user_id}")["id"]
        if agrees:
            shop.grant_consent(self.id)

    def advertise(self) -> dict:
        message = {"profile_id": self.id, "template": "news", "purpose": "marketing"}
        sent = self.shop.write("POST", "/messages", message)
        found = lambda: next((row for row in self.shop.messages_of(self.id) if row["id"] == sent["id"]), None)
        wait_until(lambda: (found() or {}).get("state") in ("sent", "accepted", "refused"), "the message is decided on", 30)
        return found()

    def link(self, letter: str, count: int = 1) -> str:
        """The newest link of a kind in the mailbox, as a path."""
        mail = self.post.wait_for(self.email, count)[-1]
        words = mail.part("html") or mail.part("plain")
        return re.findall(rf"/e/{letter}/[A-Za-z0-9_-]+", words)[-1]

    def consents(self) -> list[dict]:
        self.shop.settle()
        return self.shop.get(f"/profiles/{self.id}/consents")["items"]


@pytest.fixture
def customer(shop, post) -> Customer:
    return Customer(shop, post)


@pytest.fixture(params=LOOKS)
def page(request, browser, server):
    language, scheme, viewport = LOOKS[request.param]
    context = open_context(browser, server, language=language, scheme=scheme, viewport=viewport)
    opened = context.new_page()
    opened.language = language
    yield opened
    context.close()


def looks_right(page) -> None:
    assert page.locator("html").get_attribute("lang") == page.language
    assert_accessible(page)
    assert_fits(page)


def test_choices_are_made_kept_and_shown(page, customer):
    customer.advertise()
    page.goto(customer.link("p"))
    looks_right(page)
    english = page.language == "en"
    offers = page.get_by_role("switch", name="Offers" if english else "Khuyến mãi", exact=True)
    expect(offers).to_be_checked()
    offers.uncheck()
    page.get_by_role("radio", name="At most once a week" if english else "Nhiều nhất mỗi tuần một tin").check()
    page.get_by_role("button", name="Save choices" if english else "Lưu lựa chọn").click()
    expect(page.get_by_role("status")).to_contain_text("Offers" if english else "Khuyến mãi")
    looks_right(page)
    kept = {record["aspect"]: record for record in customer.consents()}
    assert (kept["topic"]["about"], kept["topic"]["state"]) == ("sale", "denied")
    assert kept["often"]["about"] == "weekly"
    assert kept["topic"]["actor"] == "customer" and kept["topic"]["wording_hash"] and kept["topic"]["evidence"]
    page.goto(page.url)
    expect(offers).not_to_be_checked()
    # One came in this week already.
    assert customer.advertise()["reason"] == "personal_cap"
    page.get_by_role("button", name="Pause for 30 days" if english else "Tạm ngừng 30 ngày").click()
    expect(page.get_by_role("button", name="End the pause now" if english else "Nhận tin trở lại ngay")).to_be_visible()
    looks_right(page)
    customer.consents()
    assert customer.advertise()["reason"] == "paused"


def test_stopping_takes_one_press_and_is_confirmed(page, customer):
    customer.advertise()
    page.goto(customer.link("u"))
    looks_right(page)
    english = page.language == "en"
    # By the keyboard alone.
    page.get_by_role("button", name="Unsubscribe" if english else "Ngừng nhận tin", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("unsubscribed" if english else "đã ngừng nhận tin")
    looks_right(page)
    newest = customer.consents()[0]
    assert (newest["state"], newest["source"]) == ("denied", "unsubscribe_link")
    assert customer.advertise()["reason"] == "consent_denied"
    confirmation = customer.post.wait_for(customer.email, 2)[-1]
    assert "list-unsubscribe" not in confirmation.message, "it is no advertisement"
    assert "Áo dài Hạnh" in confirmation.part("plain")


def test_a_sign_up_is_confirmed_by_its_button(page, shop, post):
    customer = Customer(shop, post, agrees=False)
    shop.track("Consent Requested", {"channel": "email", "source": "form:footer"}, userId=customer.user_id)
    page.goto(customer.link("k"))
    looks_right(page)
    assert customer.advertise()["reason"] == "consent_pending"
    page.get_by_role("button", name="Yes, I agree" if page.language == "en" else "Đúng, tôi đồng ý").click()
    expect(page.get_by_role("button")).to_have_count(0)
    looks_right(page)
    newest = customer.consents()[0]
    assert (newest["state"], newest["source"]) == ("granted", "double_opt_in")


def test_everything_works_without_scripts_and_by_keyboard(browser, server, customer):
    customer.advertise()
    context = browser.new_context(base_url=server.base, viewport=PHONE, java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    try:
        page.goto(customer.link("p"))
        switch = page.get_by_role("switch", name="Hàng mới", exact=True)
        switch.focus()
        page.keyboard.press("Space")
        expect(switch).not_to_be_checked()
        page.get_by_role("radio", name="English").check()
        page.get_by_role("button", name="Lưu lựa chọn").press("Enter")
        expect(page.get_by_role("status")).to_contain_text("New arrivals")
        assert page.locator("html").get_attribute("lang") == "en"
        page.get_by_role("button", name="Unsubscribe from all").press("Enter")
        expect(page.get_by_role("status")).to_be_visible()
    finally:
        context.close()
    states = {(one["channel"], one["aspect"]): one["state"] for one in reversed(customer.consents())}
    assert states["email", "whole"] == "denied" and states["sms", "whole"] == "denied"


def test_numbers_on_the_register_are_not_advertised_to(shop, post):
    rows = "so_dien_thoai,ngay\n" + "".join(f"0901{n:06d},2026-11-01\n" for n in range(20_000))
    answer = shop.request("POST", "/do-not-call/imports", data=rows.encode(), headers={"content-type": "text/csv"})
    assert answer.status == 201, answer
    job = answer.body["id"]
    state = lambda: shop.get(f"/jobs/{job}")
    wait_until(lambda: state()["state"] == "completed", "the register was read", 60)
    assert state()["progress"]["numbers"] == 20_000 and state()["progress"]["rows_rejected"] == 1
    assert shop.get("/do-not-call")["numbers"] == 20_000
    asked = shop.write("POST", "/do-not-call/check", {"number": "0901 000 123"})
    assert asked == {"number": "+84901000123", "listed": True}
    assert not shop.write("POST", "/do-not-call/check", {"number": "0902000123"})["listed"]
