"""Where the shop recommends products: the places with their rules, the preview for a customer, and their page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app_page import PHONE, assert_accessible, assert_fits
from waiting import wait_until

# The machine may be busy with others.
expect.set_options(timeout=20_000)

NAMES = ["Áo thun trắng", "Quần jean", "Mũ lưỡi trai", "Giày vải", "Túi tote", "Áo khoác"]


@pytest.fixture(scope="module")
def range_of_goods(server) -> None:
    """Six products; four customers bought the first two together, and one looked at the fifth."""
    client = server.client
    client.write("PUT", "/products", {"items": [
        {"product_id": f"sp{n}", "name": name, "price": 100_000 * (n + 1), "category": "Áo" if n % 2 == 0 else "Khác",
         "stock": 0 if n == 3 else 9, "url": f"https://shop.example/sp{n}"}
        for n, name in enumerate(NAMES)
    ]})
    for n in range(4):
        client.write("POST", "/profiles", {"identifiers": [f"user_id:mua{n}", f"email:mua{n}@shop.example"], "attributes": {"name": f"Người Mua {n}"}})
        client.write("POST", "/orders", {
            "order_id": f"GY{n}", "identifier": f"user_id:mua{n}", "placed_at": f"2026-01-0{n + 1}T05:00:00Z", "currency": "VND", "total": 300_000,
            "lines": [{"product_id": "sp0", "price": 100_000, "quantity": 1}, {"product_id": "sp1", "price": 200_000, "quantity": 1}],
        })
    client.track("Product Viewed", {"product_id": "sp4"}, userId="mua0")
    client.settle()
    profile = client.profile("user_id:mua0")["id"]
    wait_until(lambda: client.get("/recommendations", rail="recently_viewed", profile=profile)["items"], "the look is known")


def test_an_empty_shop_is_told_what_to_do(window):
    page = window()
    page.goto("/app/recommendations")
    expect(page.get_by_role("heading", name="Hãy cho biết cửa hàng bán gì")).to_be_visible()
    expect(page.get_by_role("link", name="Nhập sản phẩm")).to_have_attribute("href", re.compile("/imports/new$"))
    assert_accessible(page)


def test_a_place_is_made_previewed_and_kept(window, range_of_goods, server):
    page = window()
    page.goto("/app/recommendations")
    expect(page.get_by_role("link", name="Trang chủ", exact=True)).to_be_visible()
    page.get_by_role("link", name="Thêm vị trí").click()
    page.get_by_label("Tên vị trí").fill("Cuối trang thanh toán")
    expect(page.get_by_text("cuoi_trang_thanh_toan")).to_be_visible()
    page.get_by_role("combobox", name="Loại gợi ý").click()
    page.get_by_role("option", name="Bán chạy lúc này").click()
    preview = page.locator("[data-preview]")
    expect(preview).to_contain_text("Áo thun trắng")
    expect(preview.locator("[data-reason='popular']").first).to_have_text(re.compile("^Đang được mua nhiều"))
    expect(page.get_by_text("1 hết hàng")).to_be_visible()
    # Who bought them is not shown them again, and sees the reason why something is there.
    page.get_by_role("combobox", name="Xem như khách").fill("Người Mua 1")
    page.get_by_role("option", name=re.compile("Người Mua 1")).click()
    expect(preview).not_to_contain_text("Áo thun trắng")
    expect(preview).to_contain_text("Túi tote")
    page.get_by_role("combobox", name="Ghim lên đầu").fill("Áo khoác")
    page.get_by_role("option", name="Áo khoác").click()
    expect(preview).to_contain_text("Đã ghim")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Lưu").click()
    expect(page).to_have_url(re.compile("/recommendations/cuoi_trang_thanh_toan$"))
    kept = server.client.get("/recommendations/places")
    place = next(one for one in kept["items"] if one["id"] == "cuoi_trang_thanh_toan")
    assert (place["name"], place["rail"], [pin["product_id"] for pin in place["pins"]]) == ("Cuối trang thanh toán", "popular", ["sp5"])
    page.get_by_role("button", name="Xóa").click()
    page.get_by_role("dialog").get_by_role("button", name="Xóa").click()
    expect(page).to_have_url(re.compile("/recommendations$"))
    assert all(one["id"] != "cuoi_trang_thanh_toan" for one in server.client.get("/recommendations/places")["items"])


def test_what_holds_everywhere_is_kept(window, range_of_goods, server):
    page = window()
    page.goto("/app/recommendations")
    page.get_by_role("combobox", name="Sản phẩm không gợi ý").fill("Mũ")
    page.get_by_role("option", name="Mũ lưỡi trai").click()
    page.get_by_label("Khách đã xem, thêm giỏ hoặc mua trong (ngày)").fill("30")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Đã lưu")).to_be_visible()
    rules = server.client.get("/recommendations/rules")
    assert (rules["hidden"], rules["occasions"]["window_days"]) == (["sp2"], 30)


def test_a_customers_page_shows_what_they_may_like(window, range_of_goods, server):
    profile = server.client.profile("user_id:mua0")["id"]
    page = window()
    page.goto(f"/app/customers/{profile}")
    card = page.locator("[data-suggested]")
    card.get_by_text("Mua lại", exact=True).click()
    expect(card.locator("[data-reason='bought_before']")).to_have_count(2)
    card.get_by_text("Vừa xem", exact=True).click()
    expect(card).to_contain_text("Túi tote")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("path", ["/app/recommendations", "/app/recommendations/home"])
def test_the_screens_can_be_used_by_everybody(window, range_of_goods, path, language):
    for scheme, viewport in (("light", None), ("dark", PHONE)):
        page = window(language=language, scheme=scheme, **({"viewport": viewport} if viewport else {}))
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if path.endswith("home"):
            expect(page.locator("[data-preview]")).to_be_visible()
        else:
            expect(page.get_by_role("article").first).to_be_visible()
        assert_accessible(page)
        assert_fits(page)
