"""Home and the frame: a new shop's way to its first automatic mail, search and palette, the figures, the live connection."""

from __future__ import annotations

import re
import time
import uuid

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits

# The machine may be busy with others.
expect.set_options(timeout=20_000)

DAY_S = 86_400
MINE = "lan.chu.shop@moclan.test"


def day(days_back: int) -> str:
    """An instant at noon in Vietnam, so many days ago."""
    return time.strftime("%Y-%m-%dT05:00:00Z", time.gmtime(time.time() - days_back * DAY_S))


def go(window, path: str, **wishes) -> Page:
    page = window(**wishes)
    page.goto(path)
    return page


# The shop must be empty: this comes first.
def test_a_new_shop_gets_from_sign_in_to_its_first_automatic_mail(window, server, mail):
    page = go(window, "/app/")
    expect(page.get_by_role("heading", name="Bắt đầu với Quaylai")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Lưu và tiếp tục").click()
    page.get_by_label("Tên cửa hàng").fill("Mộc Lan")
    page.get_by_label("Website").fill("https://moclan.test")
    page.get_by_label("Địa chỉ bưu chính").fill("36 Hàng Bạc, Hà Nội")
    page.get_by_role("button", name="Lưu và tiếp tục").click()

    expect(page.get_by_role("heading", name="Thư gửi đi từ đâu?")).to_be_visible()
    expect(page.get_by_label("Tên người gửi")).to_have_value("Mộc Lan")
    page.get_by_label("Địa chỉ gửi").fill("xinchao@moclan.test")
    page.get_by_role("textbox", name="Máy chủ SMTP").fill(mail.host)
    page.get_by_label("Cổng").fill("1")
    page.get_by_role("combobox", name="Bảo mật").click()
    page.get_by_role("option", name="Không mã hóa").click()
    page.get_by_role("button", name="Lưu và kiểm tra kết nối").click()
    expect(page.get_by_text("Chưa kết nối được")).to_be_visible()
    page.get_by_label("Cổng").fill(str(mail.port))
    page.get_by_role("button", name="Lưu và kiểm tra kết nối").click()
    expect(page.get_by_text("Kết nối thành công")).to_be_visible()
    assert_accessible(page)

    # Whoever leaves finds it again where it was.
    page.reload()
    expect(page.get_by_role("heading", name="Khách hàng của bạn ở đâu?")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Để sau", exact=True).click()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
    assert_accessible(page)
    page.get_by_role("button", name="Cài và bật 3 kịch bản").click()

    expect(page.get_by_role("heading", name=re.compile("^Thử ngay"))).to_be_visible()
    page.get_by_label("Email của bạn").fill(MINE)
    page.get_by_label("Tên bạn").fill("Lan")
    page.get_by_role("button", name="Bỏ quên giỏ hàng").click()
    expect(page.get_by_text("Tin tự động đầu tiên đã được gửi!")).to_be_visible(timeout=60_000)
    assert_accessible(page)
    letters = mail.wait_for(MINE)
    assert any("giỏ hàng" in letter.message["subject"] for letter in letters), [m.message["subject"] for m in letters]
    assert {"active"} == {row["status"] for row in server.client.get("/journeys")["items"]}

    page.get_by_role("button", name="Hoàn tất").click()
    expect(page.get_by_role("heading", name=re.compile("^Chào buổi|^Chào"))).to_be_visible()
    # Fake zeros help nobody.
    expect(page.get_by_text("Chưa có vì cửa hàng chưa có đơn hàng nào.").first).to_be_visible()


@pytest.fixture(scope="module")
def shop(server) -> dict:
    """Three buyers; one of them clicked a message two days before buying."""
    client = server.client
    client.write("PATCH", "/settings", {"shop": {"name": "Mộc Lan"}})
    people = {}
    for name, user in [("Nguyễn Thị Ánh", "anh"), ("Đặng Văn Bình", "binh"), ("Trần Chi", "chi")]:
        body = {"identifiers": [f"user_id:{user}", f"email:{user}@shop.example"], "attributes": {"name": name}}
        people[user] = client.write("POST", "/profiles", body)
    orders = [("anh", 1, 250_000), ("anh", 40, 100_000), ("binh", 2, 400_000), ("chi", 35, 90_000), ("chi", 3, 60_000)]
    for n, (user, days_back, total) in enumerate(orders):
        client.write("POST", "/orders", {
            "order_id": f"H{n}", "identifier": f"user_id:{user}", "placed_at": day(days_back), "currency": "VND", "total": total,
            "lines": [{"product_id": "ao", "name": "Áo", "price": total, "quantity": 1}],
        })
    client.settle()
    return people


def stat(page: Page, label: str):
    return page.locator("div.mantine-Card-root").filter(has=page.get_by_text(label, exact=True))


def test_the_figures_are_those_of_the_orders(window, shop, server):
    page = go(window, "/app/")
    # Computed here from what was told: orders of the last 30 days, and of the 30 before.
    revenue, before = 250_000 + 400_000 + 60_000, 100_000 + 90_000
    expect(stat(page, "Doanh thu")).to_contain_text("710 nghìn ₫")
    share = f"{(revenue - before) / before * 100:.1f}".replace(".", ",").removesuffix(",0")
    expect(stat(page, "Doanh thu")).to_contain_text(share)
    expect(stat(page, "Đơn hàng")).to_contain_text("3")
    # Of the three buyers one bought for the first time.
    expect(stat(page, "Khách mua lần đầu")).to_contain_text("1")
    page.get_by_text("7 ngày", exact=True).click()
    expect(stat(page, "Đơn hàng")).to_contain_text("3")
    page.get_by_text("90 ngày", exact=True).click()
    expect(stat(page, "Đơn hàng")).to_contain_text("5")
    told = server.client.get("/reports/overview")
    assert (told["totals"]["revenue"], told["totals_before"]["revenue"]) == (revenue, before)
    assert sum(one["revenue"] for one in told["days"]) == revenue
    assert told["totals"]["credited_revenue"] == 0, "nobody opened or clicked"


def test_a_count_stays_fresh_by_itself(window, shop, server):
    page = go(window, "/app/")
    page.get_by_text("30 ngày", exact=True).click()
    expect(stat(page, "Đơn hàng")).to_contain_text("3")
    server.client.write("POST", "/orders", {
        "order_id": f"L{uuid.uuid4()}", "identifier": "user_id:binh", "placed_at": day(0), "currency": "VND", "total": 40_000,
        "lines": [{"product_id": "ao", "name": "Áo", "price": 40_000, "quantity": 1}],
    })
    expect(stat(page, "Đơn hàng")).to_contain_text("4")
    expect(stat(page, "Doanh thu")).to_contain_text("750 nghìn ₫")


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()


def test_the_palette_finds_people_and_pages_by_keyboard_alone(window, shop):
    page = go(window, "/app/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("^Tìm khách hàng"))
    expect(box).to_be_focused()
    assert_accessible(page)
    page.keyboard.type("dang van binh")
    expect(page.get_by_role("option", name=re.compile("Đặng Văn Bình"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/customers/{shop['binh']['id']}"))

    # What was gone to last is offered first.
    open_palette(page)
    expect(page.get_by_role("option").first).to_contain_text("Đặng Văn Bình")
    page.keyboard.type("phan khuc")
    expect(page.get_by_role("option", name="Phân khúc", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

    open_palette(page)
    page.keyboard.type("ngon ngu")
    expect(page.get_by_role("option").first).to_contain_text("English")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Search or type"))).to_be_visible()

    open_palette(page)
    page.keyboard.type("0000000000")
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_search_needs_no_marks_and_keeps_to_what_is_allowed(shop, server):
    found = lambda q: [(one["kind"], one["title"]) for one in server.client.get("/search", q=q)["items"]]
    assert ("customer", "Nguyễn Thị Ánh") in found("nguyen thi anh")
    assert found("anh@shop.example")[0] == ("customer", "Nguyễn Thị Ánh")
    assert ("journey", "Giỏ hàng bỏ quên, bốn bước") in found("gio hang")
    assert found("khong co gi nhu the") == []


def test_home_is_for_everybody(window, shop):
    for wishes in [{"scheme": "dark", "language": "en"}, {"viewport": PHONE}]:
        page = go(window, "/app/", **wishes)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert_accessible(page)
        assert_fits(page)
    page = go(window, "/app/welcome", viewport=PHONE, scheme="dark")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_long_work_shows_in_the_bell(window, shop, server):
    page = go(window, "/app/")
    expect(page.get_by_role("button", name=re.compile("^Việc chạy nền"))).to_be_visible()
    server.client.write("POST", "/exports", {"list": "profiles", "format": "csv"})
    page.get_by_role("button", name=re.compile("^Việc chạy nền")).click()
    expect(page.get_by_text("Xong", exact=True)).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Xong", exact=True)).to_have_count(0)
