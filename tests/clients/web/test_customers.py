"""The customers' screens: the list with its filters, views and deeds, and the page of one person."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits
from waiting import wait_until

# The machine may be busy with others.
expect.set_options(timeout=20_000)

PEOPLE = 130
# The frame around the pages has tests of its own.
FRAME = ["header"]
TABS = ["orders", "messages", "journeys", "groups", "consents", "attributes", "identity", "rights"]


@pytest.fixture(scope="module", autouse=True)
def people(server) -> list[dict]:
    """130 people; every third one has a tag, the first has two orders."""
    client = server.client
    made = []
    for n in range(PEOPLE):
        name = "Nguyễn Thị Ánh" if n == 7 else f"Khách Số {n:03}"
        body = {
            "identifiers": [f"email:k{n:03}@shop.example", f"user_id:kh{n:03}"],
            "attributes": {"name": name, "city": "Huế" if n % 2 else "Hà Nội"},
            "add_tags": ["vip"] if n % 3 == 0 else [],
        }
        made.append(client.write("POST", "/profiles", body))
    for n in (1, 2):
        client.write("POST", "/orders", {
            "order_id": f"D{n}", "identifier": "user_id:kh000", "placed_at": f"2026-0{n}-05T05:00:00Z", "currency": "VND",
            "total": 250_000 * n, "lines": [{"product_id": "ao-thun", "name": "Áo thun", "price": 250_000, "quantity": n}],
        })
    client.write("POST", "/lists", {"id": "ban-be", "name": "Bạn bè"})
    return made


def at_list(window, path="/app/customers", **wishes) -> Page:
    page = window(**wishes)
    page.goto(path)
    expect(page.get_by_role("grid")).to_be_visible()
    expect(page.get_by_role("row").nth(1).get_by_role("link")).to_be_visible()
    return page


def count(page: Page, total: int) -> None:
    expect(page.get_by_text(re.compile(rf"^{total}( trong \d+)? khách$"))).to_be_visible()


def test_the_list_is_searched_filtered_and_sorted_on_the_server(window):
    page = at_list(window)
    count(page, PEOPLE)
    search = page.get_by_role("searchbox", name="Tên, email, số điện thoại…")
    search.fill("nguyen thi anh")
    count(page, 1)
    expect(page.get_by_role("link", name="Nguyễn Thị Ánh")).to_be_visible()
    search.fill("khong co ai")
    expect(page.get_by_role("heading", name="Không có khách nào phù hợp")).to_be_visible()
    page.get_by_role("button", name="Bỏ tìm kiếm và bộ lọc").click()
    count(page, PEOPLE)

    page.get_by_role("button", name="Thêm bộ lọc").click()
    page.get_by_role("menuitem", name="Nhãn").click()
    page.get_by_role("combobox", name="Nhãn").fill("vip")
    page.get_by_role("option", name=re.compile("vip")).click()
    page.get_by_role("button", name="Áp dụng").click()
    count(page, 44)
    chip = page.get_by_role("button", name="Nhãn có vip", exact=True)
    expect(chip).to_be_visible()
    page.reload()
    count(page, 44)

    page.get_by_role("button", name="Tổng chi tiêu").click()
    expect(page.get_by_role("columnheader", name="Tổng chi tiêu")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("row").nth(1)).to_contain_text("750.000")
    page.get_by_role("button", name="Bỏ bộ lọc Nhãn có vip").click()
    count(page, PEOPLE)


def test_far_rows_come_when_they_are_in_sight(window):
    page = at_list(window)
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("End")
    expect(page.locator(f"[aria-rowindex='{PEOPLE + 1}'] a")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator("[aria-rowindex='2'] a")).to_be_visible()


def test_the_list_is_walked_and_opened_by_keys(window):
    page = at_list(window)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Tên, email, số điện thoại…")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("grid")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.get_by_text("Đã chọn 1 khách")).to_be_visible()
    page.keyboard.press("ControlOrMeta+a")
    expect(page.get_by_text(f"Đã chọn {PEOPLE} khách")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile("^Đã chọn"))).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Tổng quan")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("grid")).to_be_visible()


def tagged(server, tag: str) -> int:
    choice = {"filters": [{"field": "tag", "any": [tag]}]}
    return server.client.write("POST", "/people/query", {"choice": choice, "limit": 1})["total"]


def test_everybody_who_fits_is_tagged_and_it_is_taken_back(window, server):
    page = at_list(window)
    page.get_by_role("searchbox", name="Tên, email, số điện thoại…").fill("khach so")
    count(page, PEOPLE - 1)
    page.get_by_role("checkbox", name="Chọn tất cả khách phù hợp").check()
    page.get_by_role("toolbar").get_by_role("button", name="Gắn nhãn").click()
    dialog = page.get_by_role("dialog", name=f"Gắn nhãn cho {PEOPLE - 1} khách")
    dialog.get_by_role("combobox", name="Nhãn").fill("tri-an")
    dialog.get_by_role("button", name="Gắn nhãn").click()
    expect(page.get_by_text(f"Đã gắn nhãn “tri-an” cho {PEOPLE - 1} khách")).to_be_visible(timeout=30_000)
    # The list may be a second old.
    wait_until(lambda: tagged(server, "tri-an") == PEOPLE - 1, "everybody is tagged", 20)
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.get_by_text("Đã hoàn tác")).to_be_visible(timeout=30_000)
    wait_until(lambda: tagged(server, "tri-an") == 0, "the tag is gone again", 20)


def test_some_are_put_on_a_list_and_exported(window, server):
    page = at_list(window)
    for row in (1, 2):
        page.get_by_role("row").nth(row).get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Thêm vào danh sách").click()
    dialog = page.get_by_role("dialog", name="Thêm 2 khách vào danh sách")
    dialog.get_by_role("combobox", name="Danh sách").click()
    page.get_by_role("option", name="Bạn bè").click()
    dialog.get_by_role("button", name="Thêm 2 khách").click()
    expect(page.get_by_text("Đã thêm 2 khách vào “Bạn bè”")).to_be_visible(timeout=30_000)
    assert len(server.client.get("/lists/ban-be/members")["items"]) == 2

    page.get_by_role("row").nth(1).get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Việc khác").click()
    page.get_by_role("menuitem", name="Xuất file CSV").click()
    page.get_by_role("dialog").get_by_role("button", name="Xuất 1 khách").click()
    ready = page.get_by_role("link", name="Tải file CSV")
    expect(ready).to_be_visible(timeout=30_000)
    with page.expect_download() as download:
        ready.click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[0].startswith("profile_id,email"), lines


def test_a_view_is_kept_with_its_filters_and_columns(window):
    page = at_list(window)
    page.get_by_role("searchbox", name="Tên, email, số điện thoại…").fill("so 00")
    count(page, 9)
    page.get_by_role("button", name="Cột hiển thị").click()
    page.get_by_role("combobox", name="Thêm cột…").click()
    page.get_by_role("option", name="city").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="city")).to_be_visible()
    page.get_by_role("button", name="Lưu thành chế độ xem").click()
    page.get_by_label("Tên chế độ xem").fill("Số không không")
    page.keyboard.press("Enter")
    tab = page.get_by_role("navigation", name="Các chế độ xem").get_by_role("button", name="Số không không", exact=True)
    expect(tab).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Tất cả", exact=True).click()
    count(page, PEOPLE)
    tab.click()
    count(page, 9)
    expect(page.get_by_role("columnheader", name="city")).to_be_visible()
    expect(page.get_by_role("button", name="Lưu thành chế độ xem")).to_have_count(0)
    page.get_by_role("button", name="Tùy chọn của Số không không").click()
    page.get_by_role("menuitem", name="Xóa chế độ xem").click()
    page.get_by_role("dialog").get_by_role("button", name="Xóa chế độ xem").click()
    expect(tab).to_have_count(0)
    count(page, PEOPLE)


def test_a_person_is_changed_and_each_change_can_be_taken_back(window, people, server):
    one = people[3]
    page = window()
    page.goto(f"/app/customers/{one['id']}")
    expect(page.get_by_role("heading", name="Khách Số 003", level=1)).to_be_visible()
    page.get_by_role("button", name="Sửa nhãn").click()
    page.get_by_role("combobox", name="Nhãn của khách").fill("thân-thiết")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Lưu nhãn").click()
    expect(page.get_by_text("Đã cập nhật nhãn")).to_be_visible()
    assert sorted(server.client.get(f"/profiles/{one['id']}")["tags"]) == ["thân-thiết", "vip"]
    page.get_by_role("button", name="Hoàn tác").click()
    wait_until(lambda: server.client.get(f"/profiles/{one['id']}")["tags"] == ["vip"], "the tag is gone", 20)

    page.get_by_role("tab", name="Thuộc tính").click()
    page.get_by_role("button", name="Thêm thuộc tính").click()
    page.get_by_role("textbox", name="Tên").fill("cỡ áo")
    page.get_by_role("textbox", name="Giá trị").fill("M")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Đã lưu “cỡ áo”")).to_be_visible()
    expect(page.get_by_role("table").get_by_text("cỡ áo")).to_be_visible()

    page.get_by_role("tab", name="Đồng ý nhận tin").click()
    page.get_by_role("button", name="Ghi nhận đồng ý").first.click()
    page.get_by_label("Nơi ghi nhận").fill("Quầy Quận 1")
    page.get_by_label("Lời đồng ý").fill("Tôi đồng ý nhận tin")
    page.get_by_role("dialog").get_by_role("button", name="Ghi nhận đồng ý").click()
    expect(page.get_by_role("table").get_by_text("“Tôi đồng ý nhận tin”")).to_be_visible()
    records = server.client.get(f"/profiles/{one['id']}/consents")["items"]
    assert (records[0]["source"], records[0]["state"]) == ("Quầy Quận 1", "granted")


def test_the_timeline_is_cut_and_searched(window, people):
    page = window()
    page.goto(f"/app/customers/{people[0]['id']}")
    expect(page.get_by_text("city").first).to_be_visible()
    page.get_by_role("group", name="Loại").get_by_text("Tin nhắn").click()
    expect(page.get_by_text("Không có gì khớp với lựa chọn này.")).to_be_visible()
    page.get_by_role("group", name="Loại").get_by_text("Tin nhắn").click()
    page.get_by_role("searchbox", name="Tìm trong dòng thời gian").fill("ha noi")
    expect(page.get_by_text("Hà Nội").first).to_be_visible()


def test_two_profiles_become_one_after_a_look(window, server):
    one, other = (
        server.client.write("POST", "/profiles", {"identifiers": [f"email:{word}@gop.example"], "attributes": {"name": "Lê Gộp Đôi"}})
        for word in ("mot", "hai")
    )
    page = window()
    page.goto(f"/app/customers/{one['id']}?tab=identity")
    expect(page.get_by_text("Trùng họ tên")).to_be_visible()
    page.get_by_role("button", name="Xem trước").last.click()
    dialog = page.get_by_role("dialog", name="Gộp hai hồ sơ")
    expect(dialog.get_by_text("hai@gop.example")).to_be_visible()
    expect(dialog.get_by_text("Không thể tách ra lại.")).to_be_visible()
    dialog.get_by_role("button", name="Gộp hai hồ sơ").click()
    expect(page.get_by_text("Nhân viên xác nhận là cùng một người")).to_be_visible()
    kept = server.client.get(f"/profiles/{other['id']}")
    assert {one["value"] for one in kept["identifiers"]} == {"mot@gop.example", "hai@gop.example"}


def test_a_person_is_erased_only_when_the_address_is_typed(window, server):
    one = server.client.write("POST", "/profiles", {"identifiers": ["email:xoa@shop.example"]})
    page = window()
    page.goto(f"/app/customers/{one['id']}?tab=rights")
    page.get_by_role("button", name="Hạn chế", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Hạn chế").click()
    expect(page.get_by_text("Đã hạn chế xử lý dữ liệu")).to_be_visible()
    page.get_by_role("button", name="Xóa khách này…").click()
    dialog = page.get_by_role("dialog", name="Xóa vĩnh viễn khách này")
    deed = dialog.get_by_role("button", name="Xóa vĩnh viễn")
    expect(deed).to_be_disabled()
    dialog.get_by_label("Gõ “xoa@shop.example” để xác nhận").fill("xoa@shop.example")
    deed.click()
    expect(page.get_by_role("grid")).to_be_visible()
    assert server.client.request("GET", f"/profiles/{one['id']}").status == 404


def test_roles_see_what_they_may(browser, server, window):
    server.add_user("xem@moclan.test", "chỉ được xem thôi", name="Xem", role="analyst")
    page = at_list(window, signed_in={"email": "xem@moclan.test", "password": "chỉ được xem thôi"})
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_role("tab", name="Tổng quan")).to_be_visible()
    expect(page.get_by_role("tab", name="Quyền dữ liệu")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("nhãn"))).to_have_count(0)


@pytest.mark.parametrize("look", [("vi", "light", None), ("en", "dark", None), ("vi", "dark", PHONE), ("en", "light", PHONE)], ids=str)
def test_every_page_is_accessible_and_fits(window, people, look):
    language, scheme, viewport = look
    page = at_list(window, language=language, scheme=scheme, viewport=viewport)
    assert_accessible(page, without=FRAME)
    assert_fits(page)
    if not viewport:
        page.get_by_role("row").nth(1).get_by_role("checkbox").check()
        expect(page.get_by_role("toolbar")).to_be_visible()
        assert_accessible(page, without=FRAME)
    page.goto(f"/app/customers/{people[0]['id']}")
    for tab in ["overview", *TABS]:
        page.goto(f"/app/customers/{people[0]['id']}?tab={tab}")
        expect(page.get_by_role("tab", selected=True)).to_be_visible()
        expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)
        assert_accessible(page, without=FRAME)
        assert_fits(page)
