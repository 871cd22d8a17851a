"""Where reminders of carts are set up: what the shop has learned of its carts, and whether it is used."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits
from waiting import wait_until

expect.set_options(timeout=30_000)

CARTS = 420


def panel(page: Page):
    return page.locator("[data-cart-timing]")


def test_before_anything_is_learned_the_scenario_says_what_is_missing(window, server):
    page = window(language="vi")
    page.goto("/app/library/cart-abandonment")
    expect(panel(page)).to_contain_text("Chưa biết")
    expect(panel(page)).to_contain_text("300 giỏ hàng")
    assert_accessible(page)
    # The learned delay may be chosen beforehand: it holds once there is one.
    panel(page).get_by_text("Theo điều đã học").click()
    expect(panel(page)).to_contain_text("Khi chưa học được, cửa hàng vẫn dùng")
    wait_until(lambda: server.client.get("/settings").get("cart_abandoned_learned") is True, "it is stored", 20)
    expect(page.get_by_label("Bước 1 sau khi bỏ giỏ")).to_have_value("1")
    page.get_by_label("Không tặng mã cho người có khả năng tự mua từ").fill("70")
    page.get_by_role("button", name="Tạo bản nháp từ mẫu này").click()
    expect(page.locator(".react-flow [data-node=trigger]")).to_be_visible()
    made = next(one for one in server.client.get("/journeys")["items"] if "Giỏ hàng" in one["name"])
    draft = server.client.get(f"/journeys/{made['id']}")
    assert "'cart.buys_alone'" in str(draft) and "0.7" in str(draft), draft


@pytest.fixture(scope="module")
def learned(server):
    """People whose carts are mostly bought alone when they begin to pay."""
    client, chance = server.client, random.Random(9)
    now = datetime.now(timezone.utc)
    items = []

    def tell(kind: str, user: str, at: datetime, **more) -> None:
        items.append({"type": kind, "userId": user, "messageId": f"{kind}-{user}-{len(items)}", "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), **more})

    for n in range(CARTS):
        user, at = f"gio{n}", now - timedelta(days=chance.uniform(10, 100))
        tell("identify", user, at - timedelta(days=1), traits={})
        tell("track", user, at, event="Product Added", properties={"product_id": "non", "price": 200_000, "quantity": 1})
        pays = chance.random() < 0.4
        if pays:
            tell("track", user, at + timedelta(minutes=1), event="Checkout Started", properties={})
        if chance.random() < (0.6 if pays else 0.05):
            bought = at + timedelta(minutes=chance.uniform(5, 405))
            tell("track", user, bought, event="Order Completed", properties={"order_id": f"d{n}", "total": 200_000, "currency": "VND", "products": [{"product_id": "non", "price": 200_000, "quantity": 1}]})
    items.sort(key=lambda one: one["timestamp"])
    for at in range(0, len(items), 400):
        answer = client.post_tracking("batch", {"batch": items[at:at + 400]})
        assert answer.status == 200, answer
    client.settle()
    client.write("POST", "/models/fit", {"kinds": ["carts"]})

    def serving():
        kinds = client.get("/models")["items"]
        return next((one for one in kinds if one["kind"] == "carts" and one["serving"]), None)

    return wait_until(serving, "what was learned of carts serves", 120)["serving"]["report"]


def test_what_was_learned_stands_where_the_reminder_is_set_up(window, server, learned):
    page = window(language="en")
    page.goto("/app/library/cart-abandonment")
    expect(panel(page)).to_contain_text(f"Learned from {learned['rests']} carts")
    minutes, share = learned["by_silence"][0]
    expect(panel(page)).to_contain_text(f"{round(100 * share)}%")
    expect(panel(page)).to_contain_text("Best reminded after")
    expect(panel(page)).to_contain_text("How sure")
    assert_accessible(page)
    # The same beside the trigger of the journey.
    journey = next(one for one in server.client.get("/journeys")["items"] if "Giỏ hàng" in one["name"])["id"]
    page.goto(f"/app/journeys/{journey}")
    page.locator(".react-flow [data-node=trigger]").click()
    expect(panel(page)).to_contain_text("Best reminded after")
    panel(page).get_by_text("After ", exact=False).first.scroll_into_view_if_needed()
    panel(page).locator("label", has_text="After").click()
    wait_until(lambda: server.client.get("/settings").get("cart_abandoned_learned") is False, "it is stored", 20)
    phone = window(language="vi", viewport=PHONE)
    phone.goto("/app/library/cart-abandonment")
    expect(panel(phone)).to_contain_text("Nên nhắc sau")
    assert_fits(phone)
    assert_accessible(phone)
