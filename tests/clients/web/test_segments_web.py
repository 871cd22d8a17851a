"""Segments: written by mouse and by keys, counted while typing, compared, explained; lists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app_page import PHONE, assert_accessible, assert_fits
from waiting import wait_until

# The machine may be busy with others.
expect.set_options(timeout=30_000)

PEOPLE = 60
DOCUMENT = Path(__file__).parents[3] / "docs" / "segments.md"
DOCUMENTED = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)]


class Shop:
    """What is known of the people without asking the server."""

    cities = {n: "Huế" if n % 2 == 0 else "Hà Nội" for n in range(PEOPLE)}
    vip = {n for n in range(PEOPLE) if n % 3 == 0}
    regular = {n for n in range(PEOPLE) if n % 4 == 0}
    views = {n: n % 5 for n in range(PEOPLE)}


@pytest.fixture(scope="module", autouse=True)
def shop(server) -> type[Shop]:
    client = server.client
    for n in range(PEOPLE):
        tags = (["vip"] if n in Shop.vip else []) + (["quen"] if n in Shop.regular else [])
        client.write("POST", "/profiles", {
            "identifiers": [f"user_id:kh{n:02}", f"email:kh{n:02}@shop.example"],
            "attributes": {"name": f"Khách Số {n:02}", "city": Shop.cities[n]},
            "add_tags": tags,
        })
        for view in range(Shop.views[n]):
            category = "Áo dài" if view % 2 == 0 else "Quần"
            client.track("Product Viewed", {"product_id": f"p{view}", "category": category, "price": 100_000}, userId=f"kh{n:02}")
    client.settle()
    return Shop


def segment(server, definition: dict, name: str) -> dict:
    """A segment whose members are known."""
    made = server.client.write("POST", "/segments", {"name": name, "definition": definition})

    def live():
        found = server.client.get(f"/segments/{made['id']}")
        return found if found["state"] == "live" else None

    return wait_until(live, f"{name} is live", 60)


def builder(window, path="/app/segments/new", **wishes) -> Page:
    page = window(**wishes)
    page.goto(path)
    expect(page.locator("[data-condition-editor]")).to_be_visible()
    return page


def slot(scope: Page | Locator, label: str) -> Locator:
    return scope.locator(f'[data-slot="{label}"]').first


def pick(page: Page, typed: str, option: str | re.Pattern | None = None) -> None:
    """Chooses in the list that is open, by typing and a click."""
    page.get_by_role("combobox").last.fill(typed)
    named = page.get_by_role("option", name=option) if option else page.get_by_role("option")
    named.first.click()


def counted(page: Page, expected: int) -> None:
    """The exact count of everybody is shown."""
    expect(page.locator("[data-estimate=exact] [data-count]")).to_have_attribute("data-count", str(expected))


def test_a_segment_is_written_by_mouse_counted_while_it_is_written_and_made(window, server, shop):
    page = builder(window)
    page.get_by_label("Tên", exact=True).fill("Xem áo dài")
    page.locator('[data-choice="did"]').click()
    pick(page, "xem san pham", re.compile("xem sản phẩm"))
    expect(page.locator("[data-node]").last).to_contain_text("xem sản phẩm ít nhất 1 lần")
    counted(page, sum(1 for n in shop.views.values() if n >= 1))

    slot(page, "Bao nhiêu").click()
    page.get_by_label("Số", exact=True).fill("2")
    page.get_by_role("button", name="Xong").click()
    counted(page, sum(1 for n in shop.views.values() if n >= 2))

    page.get_by_role("button", name="Lọc theo thuộc tính").click()
    pick(page, "danh muc", re.compile("danh mục"))
    # The next gap opens by itself.
    expect(page.get_by_role("combobox", name="Giá trị")).to_be_focused()
    pick(page, "ao dai", re.compile("Áo dài"))
    # Of n views every other one, from the first on, is of this category.
    counted(page, sum(1 for n in shop.views.values() if (n + 1) // 2 >= 2))

    slot(page, "Thời gian").click()
    page.get_by_label("Từ trước đến nay").check()
    page.get_by_role("button", name="Xong").click()
    expect(page.get_by_role("group", name=re.compile("ít nhất 2 lần từ trước đến nay, với danh mục là Áo dài"))).to_be_visible()
    expect(page.get_by_text("Vài khách phù hợp")).to_be_visible()
    page.get_by_role("button", name="Tạo phân khúc").first.click()
    expect(page.get_by_role("heading", name="Xem áo dài", level=1)).to_be_visible()
    expected = sum(1 for n in shop.views.values() if (n + 1) // 2 >= 2)
    expect(page.locator(f'[data-count="{expected}"]')).to_be_visible()
    segment_id = page.url.rsplit("/", 1)[1]
    made = server.client.get(f"/segments/{segment_id}")["definition"]
    assert made == {"did": {
        "event": "Product Viewed", "where": [{"property": "category", "op": "eq", "value": "Áo dài"}], "op": "gte", "value": 2,
    }}


def test_the_same_is_done_by_keys_alone(window, shop):
    page = builder(window)
    keys = page.keyboard
    page.get_by_label("Tên", exact=True).press_sequentially("VIP ở Huế")
    add = page.get_by_role("button", name="Thêm điều kiện").last
    add.focus()
    keys.press("Enter")
    expect(page.get_by_role("combobox").last).to_be_focused()
    keys.type("Có hoặc không có một nhãn")
    keys.press("Enter")
    expect(page.get_by_role("combobox", name="Nhãn")).to_be_focused()
    keys.type("vip")
    expect(page.get_by_role("option", name=re.compile("vip")).first).to_be_visible()
    keys.press("Enter")
    counted(page, len(shop.vip))

    page.get_by_role("button", name="Thêm điều kiện").last.focus()
    keys.press("Enter")
    expect(page.get_by_role("combobox").last).to_be_focused()
    keys.type("Thông tin hồ sơ")
    keys.press("Enter")
    expect(page.get_by_role("combobox", name="Thông tin")).to_be_focused()
    keys.type("thanh pho")
    expect(page.get_by_role("option", name=re.compile("Thành phố")).first).to_be_visible()
    keys.press("Enter")
    value = slot(page, "Giá trị")
    expect(page.get_by_role("combobox", name="Giá trị")).to_be_focused()
    keys.type("hue")
    expect(page.get_by_role("option", name=re.compile("^Huế"))).to_be_visible()
    keys.press("Enter")
    expect(value).to_be_focused()
    counted(page, len([n for n in shop.vip if shop.cities[n] == "Huế"]))

    # One of both is enough; then one of them must not be.
    slot(page, "Cách kết hợp").focus()
    keys.press("Enter")
    expect(page.get_by_role("listbox")).to_be_focused()
    keys.press("ArrowDown")
    keys.press("Enter")
    huế = {n for n, city in shop.cities.items() if city == "Huế"}
    counted(page, len(huế | shop.vip))
    slot(page, "Có hay không").focus()
    keys.press("Enter")
    counted(page, len(huế | (set(range(PEOPLE)) - shop.vip)))
    keys.press("ControlOrMeta+z")
    counted(page, len(huế | shop.vip))
    keys.press("ControlOrMeta+Shift+z")
    counted(page, len(huế | (set(range(PEOPLE)) - shop.vip)))


NESTED = {"all": [{"tag": "vip"}, {"tag": "quen"}, {"any": [{"tag": "a"}, {"tag": "b"}]}]}


def document_of(page: Page) -> dict:
    page.get_by_text("JSON", exact=True).click()
    text = page.get_by_label("Định nghĩa dạng JSON").input_value()
    page.get_by_text("Câu", exact=True).click()
    return json.loads(text)


def given(definition: dict) -> str:
    from urllib.parse import quote

    return f"/app/segments/new?from={quote(json.dumps(definition))}"


def test_parts_are_dragged_into_groups_and_moved_by_keys(window):
    page = builder(window, given(NESTED))
    grip = page.get_by_role("button", name=re.compile("Kéo để di chuyển: Có nhãn vip"))
    group = page.locator("[data-group]").nth(1)
    place = group.locator("[data-gap]").nth(1)
    start, end = grip.bounding_box(), place.bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 20, start["y"] + 30, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=8)
    expect(group.locator("[data-over]")).to_have_count(1)
    page.mouse.up()
    expect(group).to_contain_text("vip")
    assert document_of(page) == {"all": [{"tag": "quen"}, {"any": [{"tag": "a"}, {"tag": "vip"}, {"tag": "b"}]}]}
    page.get_by_role("button", name="Hoàn tác (Ctrl+Z)").click()
    assert document_of(page) == NESTED

    # By keys: picked up, moved from place to place, put down.
    grip.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("^(Đã nhấc|Đang ở)"))).to_be_attached()
    for place in (2, 3):
        page.keyboard.press("ArrowDown")
        expect(page.get_by_text(f"Đang ở vị trí {place} của Toàn bộ điều kiện")).to_be_attached()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("^Đã đặt"))).to_be_attached()
    assert document_of(page) == {"all": [{"tag": "quen"}, {"tag": "vip"}, NESTED["all"][2]]}
    page.get_by_role("button", name="Hoàn tác (Ctrl+Z)").click()
    assert document_of(page) == NESTED
    page.get_by_role("button", name=re.compile("Kéo để di chuyển: Có nhãn vip")).focus()
    page.keyboard.press("Alt+ArrowDown")
    assert document_of(page) == {"all": [{"tag": "quen"}, {"tag": "vip"}, NESTED["all"][2]]}
    page.get_by_role("button", name=re.compile("Kéo để di chuyển: Có nhãn vip")).focus()
    page.keyboard.press("Alt+ArrowDown")
    assert document_of(page) == {"all": [{"tag": "quen"}, {"any": [{"tag": "vip"}, {"tag": "a"}, {"tag": "b"}]}]}


def test_gaps_are_told_and_nothing_is_saved_with_them(window):
    page = builder(window)
    page.get_by_role("button", name="Tạo phân khúc").first.click()
    expect(page.get_by_text("Hãy đặt tên cho phân khúc")).to_be_visible()
    expect(page.get_by_text("Hãy thêm ít nhất một điều kiện.")).to_be_visible()
    page.get_by_label("Tên", exact=True).fill("Có chỗ trống")
    page.locator('[data-choice="spent"]').click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Hoàn tất những chỗ còn trống")).to_be_visible()
    page.get_by_role("button", name="Tạo phân khúc").first.click()
    expect(page.get_by_text("Hãy nhập một số.")).to_be_visible()
    assert page.url.endswith("/segments/new")


def test_every_documented_condition_is_read_said_and_taken_by_the_server(window, server):
    for name in ("khach-quen", "nhan-vien"):
        server.client.write("PUT", f"/segments/{name}", {"name": name, "definition": {"tag": name}})
    page = builder(window)
    refused = []
    page.on("response", lambda answer: refused.append(answer.text()) if "/segments/preview" in answer.url and answer.status >= 400 and answer.status != 429 else None)
    page.get_by_text("JSON", exact=True).click()
    box = page.get_by_label("Định nghĩa dạng JSON")
    for definition in DOCUMENTED:
        box.fill(json.dumps(definition))
        expect(page.get_by_text("Chưa áp dụng")).to_have_count(0)
        page.get_by_text("Câu", exact=True).click()
        expect(page.locator("[data-node]").first).to_be_visible()
        expect(page.locator("[data-missing]")).to_have_count(0)
        said = page.locator("[data-condition-editor]").inner_text()
        assert "{" not in said and "undefined" not in said, said
        page.get_by_text("JSON", exact=True).click()
        # What the editor makes of it is the same for the server.
        answer = page.request.post(
            "/api/v1/segments/preview", data={"definition": json.loads(box.input_value())}, headers={"X-Quaylai-CSRF": "1"},
        )
        assert answer.ok, (definition, answer.text())
    assert not refused, refused
    box.fill('{"tag": 1}')
    expect(page.get_by_text("Sai kiểu dữ liệu tại tag")).to_be_visible()
    expect(page.get_by_text("Chưa áp dụng")).to_be_visible()


def test_who_comes_and_goes_is_shown_before_a_change_is_saved(window, server, shop):
    made = segment(server, {"tag": "vip"}, "Đổi định nghĩa")
    page = builder(window, f"/app/segments/{made['id']}/edit")
    slot(page, "Nhãn").click()
    pick(page, "quen", re.compile("quen"))
    counted(page, len(shop.regular))
    page.get_by_role("button", name="Lưu thay đổi").first.click()
    dialog = page.get_by_role("dialog", name="Ai vào, ai ra khi lưu?")
    expect(dialog.locator('[data-part="added"]')).to_have_attribute("data-people", str(len(shop.regular - shop.vip)))
    expect(dialog.locator('[data-part="removed"]')).to_have_attribute("data-people", str(len(shop.vip - shop.regular)))
    expect(dialog.get_by_role("link").first).to_be_visible()
    assert_accessible(page, without=["header"])
    dialog.get_by_role("button", name="Lưu thay đổi").click()
    expect(page.get_by_role("heading", name="Đổi định nghĩa", level=1)).to_be_visible()
    expect(page.locator(f'[data-count="{len(shop.regular)}"]')).to_be_visible()

    # And back again, by the versions.
    page.get_by_role("tab", name="Phiên bản").click()
    page.locator('[data-version="1"]').get_by_role("button", name="Dùng lại bản này").click()
    dialog.get_by_role("button", name="Dùng lại phiên bản 1").click()
    expect(page.locator('[data-version="3"]')).to_contain_text("vip")
    definition = wait_until(lambda: server.client.get(f"/segments/{made['id']}"), "the segment", 10)["definition"]
    assert definition == {"tag": "vip"}


def test_why_somebody_is_in_or_out_is_told_part_by_part(window, server, shop):
    definition = {"all": [{"tag": "vip"}, {"any": [{"attribute": "city", "op": "eq", "value": "Huế"}, {"tag": "quen"}]}]}
    made = segment(server, definition, "Vì sao")
    page = window()
    page.goto(f"/app/segments/{made['id']}?tab=why")
    page.get_by_role("combobox", name="Khách hàng").click()
    page.keyboard.type("Khách Số 03")
    page.get_by_role("option", name=re.compile("Khách Số 03")).click()
    # 3 is a VIP of Hà Nội and no regular.
    expect(page.locator("[data-member=false]")).to_be_visible()
    for path, holds in {"all.0": "true", "all.1": "false", "all.1.any.0": "false", "all.1.any.1": "false"}.items():
        expect(page.locator(f'[data-path="{path}"]')).to_have_attribute("data-holds", holds)
    expect(page.locator('[data-path="all.1.any.0"]')).to_contain_text("Hà Nội")
    assert_accessible(page, without=["header"])


def test_two_segments_are_compared(window, server, shop):
    vip = segment(server, {"tag": "vip"}, "Chồng nhau: VIP")
    segment(server, {"tag": "quen"}, "Chồng nhau: quen")
    page = window()
    page.goto(f"/app/segments/{vip['id']}?tab=overlap")
    page.get_by_role("combobox", name="So với").click()
    page.get_by_role("option", name="Chồng nhau: quen").click()
    both, only_a, only_b = len(shop.vip & shop.regular), len(shop.vip - shop.regular), len(shop.regular - shop.vip)
    for key, expected in {"both": both, "only_a": only_a, "only_b": only_b}.items():
        expect(page.locator(f'[data-overlap="{key}"]')).to_contain_text(str(expected))
    expect(page.get_by_role("img", name=re.compile(f"cả hai: {both};"))).to_be_visible()


def test_segments_are_found_put_away_and_brought_back(window, server):
    segment(server, {"tag": "vip"}, "Tìm thấy tôi")
    page = window()
    page.goto("/app/segments")
    page.get_by_label("Tìm theo tên").fill("tim thay")
    row = page.get_by_role("row", name=re.compile("Tìm thấy tôi"))
    expect(row).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    assert_accessible(page, without=["header"])
    row.get_by_role("button", name=re.compile("Thao tác")).click()
    page.get_by_role("menuitem", name="Lưu trữ").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Hoàn tác").click()
    expect(row).to_be_visible()
    page.get_by_role("button", name="Mẫu có sẵn").click()
    page.locator('[data-ready="once"]').click()
    expect(page.get_by_label("Tên", exact=True)).to_have_value("Mua 1 lần chưa quay lại")
    expect(page.locator("[data-missing]")).to_have_count(0)
    counted(page, 0)


def test_a_list_is_kept_by_hand(window):
    page = window()
    page.goto("/app/lists")
    page.get_by_role("button", name="Tạo danh sách").first.click()
    page.get_by_label("Tên", exact=True).fill("Hội chợ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Hội chợ", level=1)).to_be_visible()
    assert_accessible(page, without=["header"])
    page.get_by_role("combobox", name="Thêm khách vào danh sách").click()
    page.keyboard.type("Khách Số 07")
    page.get_by_role("option", name=re.compile("Khách Số 07")).click()
    expect(page.get_by_role("row", name=re.compile("Khách Số 07"))).to_be_visible()
    page.get_by_role("button", name="Gỡ Khách Số 07 khỏi danh sách").click()
    expect(page.get_by_role("row", name=re.compile("Khách Số 07"))).to_have_count(0)
    page.get_by_role("button", name="Xóa danh sách").click()
    page.get_by_role("dialog").get_by_role("button", name="Xóa danh sách").click()
    expect(page).to_have_url(re.compile("/app/lists$"))


@pytest.mark.parametrize(("language", "scheme"), [("vi", "light"), ("en", "dark")])
def test_the_builder_is_accessible_and_fits_a_phone(window, language, scheme):
    page = builder(window, given(NESTED), language=language, scheme=scheme)
    expect(page.locator("[data-estimate=exact]")).to_be_visible()
    assert_accessible(page, without=["header"])
    page.locator("[data-group] [data-slot]").first.click()
    expect(page.get_by_role("listbox")).to_be_visible()
    assert_accessible(page, without=["header"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    phone = builder(window, given(NESTED), language=language, scheme=scheme, viewport=PHONE)
    expect(phone.locator("[data-estimate=exact]")).to_be_visible()
    assert_fits(phone)
    assert_accessible(phone, without=["header"])
