"""Predictions: nothing learned yet, learned on demand, how good it is, what is said of a customer, and segments of it."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits
from waiting import wait_until

# The machine may be busy with others.
expect.set_options(timeout=30_000)

CUSTOMERS = 90
#: Whom nobody asked, and who has never bought.
VISITOR, REFUSED, REGULAR = "khach-xem", "khach-tu-choi", "khach-quen"


def order(client, who: str, number: int, days_ago: float) -> None:
    placed = datetime.now(timezone.utc) - timedelta(days=days_ago)
    # Half of the people go through one half of the range, one product after the other.
    product = f"mon-{10 * (sum(map(ord, who)) % 2) + number % 10}"
    client.write("POST", "/orders", {
        "order_id": f"{who}-{number}", "identifier": f"user_id:{who}", "placed_at": placed.strftime("%Y-%m-%dT%H:%M:%SZ"), "currency": "VND", "total": 200_000 + 1_000 * number,
        "lines": [
            {"product_id": "sua-rua-mat", "name": "Sữa rửa mặt", "category": "Chăm sóc da", "quantity": 1, "price": 150_000 + 1_000 * number},
            {"product_id": product, "name": f"Dưỡng da {product}", "category": "Chăm sóc da", "quantity": 1, "price": 50_000},
        ],
    })


@pytest.fixture(scope="module")
def shop(server):
    """People who buy in rhythms of their own over a year and a half; some have stopped."""
    client = server.client
    chance = random.Random(11)
    for n in range(CUSTOMERS):
        gap, day = chance.uniform(12, 60), chance.uniform(200, 540)
        end = 0 if n % 3 else chance.uniform(120, 200)
        number = 0
        while day > end:
            order(client, f"kh{n:03}", number, day)
            number, day = number + 1, day - gap * chance.uniform(0.6, 1.4)
    for number, day in enumerate(range(300, 0, -30)):
        order(client, REGULAR, number, day)
        order(client, REFUSED, number, day)
    client.write("POST", "/profiles", {"identifiers": [f"user_id:{VISITOR}"], "attributes": {"name": "Khách Xem"}})
    client.settle()
    return client


def profile_id(client, who: str) -> str:
    return client.profiles(f"user_id:{who}")[0]["id"]


def open_jobs(client) -> list[dict]:
    return [job for job in client.get("/jobs", kind="learn")["items"] if job["state"] in ("waiting", "running", "cancelling")]


@pytest.fixture(scope="module")
def learned(shop):
    """What was fitted on demand."""
    shop.write("POST", "/models/fit", {})
    wait_until(lambda: not open_jobs(shop), "the fit has ended", 240, every_s=0.3)

    def serving():
        kinds = shop.get("/models")["items"]
        return next((one for one in kinds if one["kind"] == "purchases" and one["serving"]), None)

    return wait_until(serving, "a model of purchases serves", 60)["serving"]


def go(page: Page, path: str, title: str | re.Pattern) -> Page:
    page.goto(path)
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    return page


def test_a_shop_without_orders_is_told_what_it_takes(window):
    page = go(window(), "/app/predictions", "Dự đoán")
    expect(page.get_by_text("Chưa có gì để dự đoán")).to_be_visible()
    expect(page.locator("[data-buyers]")).to_have_attribute("data-buyers", "0")
    expect(page.get_by_role("link", name="Nhập đơn hàng cũ")).to_be_visible()
    assert_accessible(page)


def test_it_is_learned_on_demand_and_says_how_good_it_is(window, shop):
    page = go(window(), "/app/predictions", "Dự đoán")
    wait_until(lambda: not open_jobs(shop), "nothing is learned already", 240, every_s=0.3)
    page.reload()
    page.get_by_role("button", name="Học lại ngay").click()
    card = page.locator("[data-kind=purchases]")
    expect(card.get_by_text(re.compile("Đang dùng mô hình|Đang dùng quy tắc|Dự đoán bước đầu"))).to_be_visible(timeout=240_000)
    expect(page.locator("[data-learning]")).to_have_count(0, timeout=240_000)
    # Everybody who had bought when it was learned has one class.
    fit = next(one for one in shop.get("/models")["items"] if one["kind"] == "purchases")["serving"]
    counts = fit["report"]["shop"]["churn"]
    assert sum(counts.values()) == fit["report"]["data"]["customers"] > 0
    for name, count in counts.items():
        expect(page.locator(f"[data-part={name}] strong").first).to_have_text(str(count))


def test_the_details_compare_it_with_simple_rules(window, learned):
    page = go(window(), "/app/predictions", "Dự đoán")
    page.get_by_role("link", name="Xem chi tiết: Mua hàng và rời bỏ").click()
    expect(page.get_by_role("heading", level=1, name="Mua hàng và rời bỏ")).to_be_visible()
    test = learned["report"]["back_test"]
    for one in test["candidates"]:
        row = page.locator(f'[data-tried="{one["name"]}"]')
        expect(row).to_have_count(1)
        if one["scores"]["rmse"] is not None:
            expect(row.get_by_role("cell").nth(1)).to_contain_text(f'{one["scores"]["rmse"]:.3f}'.rstrip("0").rstrip(".").replace(".", ","))
    expect(page.locator(f'[data-tried="{test["serves"]}"]')).to_contain_text("Đang dùng")
    page.get_by_role("button", name="Dành cho người phân tích").click()
    expect(page.get_by_role("cell", name="alpha")).to_be_visible()
    expect(page.get_by_role("table").last).to_contain_text("Phiên bản")


def test_ways_to_recommend_are_tried_beside_the_rules(window, shop, learned):
    kinds = shop.get("/models")["items"]
    kind = next(one for one in kinds if one["kind"] == "recommend")
    report = (kind["serving"] or kind["refused"])["report"]
    assert report["asked"] >= 50 and kind["serving"], "enough customers bought on"
    page = go(window(), "/app/predictions", "Dự đoán")
    card = page.locator("[data-kind=recommend]")
    expect(card).to_contain_text("Gợi ý sản phẩm")
    page.get_by_role("link", name="Xem chi tiết: Gợi ý sản phẩm").click()
    expect(page.get_by_role("heading", level=1, name="Gợi ý sản phẩm")).to_be_visible()
    expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", report["verdict"])
    shown = {"new": 0, "again": 0}
    for tried in report["tried"]:
        if tried["rail"] not in shown or tried["customers"] == 0:
            continue
        shown[tried["rail"]] += 1
        row = page.locator(f'[data-rail="{tried["rail"]}"] [data-tried="{tried["method"]}"]')
        expect(row.get_by_role("cell").nth(1)).to_have_text(f'{tried["recall_at_20"]:.3f}'.rstrip("0").rstrip(".").replace(".", ","))
        expect(row.get_by_role("cell").nth(2)).to_have_text(f'{tried["ndcg_at_10"]:.3f}'.rstrip("0").rstrip(".").replace(".", ","))
    assert shown["new"] >= 5 and shown["again"] >= 2, "every way, and the rules"
    for rail in shown:
        expect(page.locator(f'[data-rail="{rail}"] [data-tried="{report["chosen"][rail]}"]')).to_contain_text("Đang dùng")
    english = go(window(language="en"), "/app/predictions/recommend", "Product recommendations")
    expect(english.locator("[data-rail=new]")).to_contain_text("Bestsellers")


def test_the_accepted_waste_is_chosen_and_takes_effect_with_the_next_fit(window, shop, learned):
    page = go(window(), "/app/settings/forecast", "Dự đoán")
    page.get_by_label("Mức lãng phí chấp nhận được").fill("35")
    page.get_by_label("Tỷ lệ lãi gộp").fill("40")
    expect(page.locator("[data-worth]")).to_contain_text("381.385")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Có hiệu lực từ lần học tiếp theo")).to_be_visible()
    forecast = shop.get("/settings")["forecast"]
    assert (forecast["win_back_waste_percent"], forecast["margin_percent"], forecast["discount_percent"]) == (35, 40, 10)
    page = go(window(), "/app/settings/forecast", "Dự đoán")
    expect(page.get_by_label("Mức lãng phí chấp nhận được")).to_have_value("35%")
    page.get_by_label("Luôn kéo về sau").fill("7")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Phải lớn hơn hoặc bằng số ngày ít nhất")).to_be_visible()


def test_a_customer_shows_what_is_expected_of_them(window, shop, learned):
    someone = profile_id(shop, REGULAR)
    told = shop.get(f"/profiles/{someone}/predictions")
    page = go(window(), f"/app/customers/{someone}", re.compile("."))
    card = page.locator("[data-foreseen=known]")
    expect(card).to_contain_text("Mua tiếp theo")
    expect(card.locator("[data-foreseen=buys]")).to_have_text(f'{round(100 * told["predicted"]["buys_30d"])}%')
    expect(card).to_contain_text("Thường mua cách nhau")
    low, high = (told["predicted"][f"next_order_at_{end}"] for end in ("low", "high"))
    expect(card).to_contain_text(f"từ {low[8:10]}/{low[5:7]} đến {high[8:10]}/{high[5:7]}")


def test_what_is_not_known_is_said_with_its_reason(window, shop, learned):
    page = go(window(), f"/app/customers/{profile_id(shop, VISITOR)}", re.compile("."))
    expect(page.locator("[data-foreseen=unknown]")).to_contain_text("Khách chưa có đơn hàng nào")
    refused = profile_id(shop, REFUSED)
    shop.write("POST", f"/profiles/{refused}/consents", {"channel": "email", "purpose": "profiling", "granted": False, "wording": "Tôi không muốn bị phân tích hành vi."})
    page = go(window(), f"/app/customers/{refused}", re.compile("."))
    expect(page.locator("[data-foreseen=unknown]")).to_contain_text("không đồng ý để phân tích hành vi")


def test_a_class_leads_to_a_segment_of_those_who_are_in_it(window, shop, learned):
    ids = [profile["id"] for profile in shop.all("/profiles")]
    active = sum(shop.get(f"/profiles/{one}/predictions")["predicted"].get("churn") == "active" for one in ids)
    assert active > 0
    page = go(window(), "/app/predictions", "Dự đoán")
    page.locator("[data-part=active]").get_by_role("link").click()
    expect(page.locator("[data-condition-editor]")).to_contain_text("Nguy cơ rời bỏ")
    expect(page.locator("[data-condition-editor]")).to_contain_text("Đang mua đều")
    expect(page.locator("[data-estimate=exact] [data-count]")).to_have_attribute("data-count", str(active))


def test_a_share_is_written_in_percent_and_kept_as_a_share(window, shop, learned):
    page = window()
    page.goto('/app/segments/new?from={"attribute":"predicted.buys_30d","op":"gte","value":0.5}')
    editor = page.locator("[data-condition-editor]")
    expect(editor).to_contain_text("Khả năng mua trong 30 ngày tới ít nhất là 50%")
    editor.locator('[data-slot="Giá trị"]').click()
    page.get_by_role("textbox", name="Giá trị").fill("12,5")
    page.keyboard.press("Enter")
    expect(editor).to_contain_text("ít nhất là 12,5%")
    page.locator("#segment-name").fill("Nhiều khả năng mua")
    page.get_by_role("button", name="Tạo phân khúc").first.click()
    expect(page.get_by_role("heading", level=1, name="Nhiều khả năng mua")).to_be_visible()
    made = next(one for one in shop.get("/segments")["items"] if one["name"] == "Nhiều khả năng mua")
    assert shop.get(f"/segments/{made['id']}")["definition"] == {"attribute": "predicted.buys_30d", "op": "gte", "value": 0.125}


@pytest.mark.parametrize("wishes", [
    {"language": "vi", "scheme": "light"}, {"language": "en", "scheme": "dark"}, {"language": "vi", "scheme": "dark", "viewport": PHONE}, {"language": "en", "scheme": "light", "viewport": PHONE},
], ids=["vi-light", "en-dark", "vi-dark-phone", "en-light-phone"])
def test_every_page_is_accessible_and_fits(window, shop, learned, wishes):
    page = window(**wishes)
    for path in ("/app/predictions", "/app/predictions/purchases", "/app/predictions/recommend", "/app/predictions/carts", "/app/predictions/hours", "/app/settings/forecast"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)
        assert_accessible(page)
        assert_fits(page)
    page.goto(f"/app/customers/{profile_id(shop, REGULAR)}")
    expect(page.locator("[data-foreseen=known]")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
