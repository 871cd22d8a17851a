"""Leads: rules with what they would make of everybody, the list, a person's score with its reasons, the report."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app_page import PHONE, assert_accessible, assert_fits
from waiting import wait_until

expect.set_options(timeout=30_000)

PEOPLE = 12


@pytest.fixture(scope="module", autouse=True)
def people(server) -> None:
    client = server.client
    for n in range(PEOPLE):
        client.write("POST", "/profiles", {
            "identifiers": [f"user_id:kh{n:02}", f"email:kh{n:02}@shop.example"],
            "attributes": {"name": f"Khách Số {n:02}"},
        })
        # 0 to 5 carts: 12 points each by the suggested rules.
        for _ in range(n // 2):
            client.track("Product Added", {"product_id": "p1", "price": 100_000}, userId=f"kh{n:02}")
    client.settle()


def graded(server) -> list[str]:
    page = server.client.get("/leads")
    return [] if page["is_computing"] else [item["name"] for item in page["items"]]


def test_rules_are_tried_saved_and_score_everybody(window, server):
    page = window(language="vi")
    page.goto("/app/leads")
    page.get_by_role("link", name="Đặt cách chấm điểm").click()
    expect(page.get_by_role("heading", name="Cách chấm điểm")).to_be_visible()
    preview = page.locator("section", has_text="Nếu áp dụng ngay bây giờ")
    expect(preview).to_contain_text("12 khách")
    expect(preview).to_contain_text("Khách Số 11")
    # Of three carts and more the rule gives 36 points at most.
    expect(preview).to_contain_text("36")
    rule = page.locator("section", has=page.get_by_label("Tên quy tắc")).nth(1)
    rule.get_by_label("Nhiều nhất").fill("60")
    expect(preview).to_contain_text("60")
    assert_accessible(page)
    page.get_by_role("button", name="Bắt đầu chấm điểm").click()
    expect(page.get_by_text("Đã lưu. Điểm của mọi khách đang được tính lại.")).to_be_visible()
    wait_until(lambda: "Khách Số 11" in graded(server), "everybody is scored", 60)
    page.goto("/app/leads")
    row = page.get_by_role("row", name="Khách Số 11")
    expect(row).to_contain_text("60")
    expect(row).to_contain_text("Thêm vào giỏ")
    assert_accessible(page)


def test_a_rule_that_cannot_be_is_told_at_its_place(window):
    page = window(language="vi")
    page.goto("/app/leads/rules")
    rule = page.locator("section", has=page.get_by_label("Tên quy tắc")).first
    rule.get_by_label("Điểm", exact=True).fill("0")
    page.get_by_role("button", name="Lưu thay đổi").click()
    expect(rule.get_by_label("Điểm", exact=True)).to_have_attribute("aria-invalid", "true")


def test_a_lead_is_given_to_somebody_and_its_course_is_kept(window, server):
    page = window(language="vi")
    page.goto("/app/leads?grade=A")
    expect(page.get_by_role("row", name="Khách Số 11")).to_be_visible()
    expect(page.get_by_role("row", name="Khách Số 03")).to_have_count(0)
    page.get_by_role("combobox", name="Người phụ trách Khách Số 11").click()
    page.get_by_role("option", name="Lan").click()
    expect(page.get_by_text("Đã lưu").first).to_be_visible()
    page.get_by_role("link", name="Khách Số 11").click()
    expect(page.get_by_role("tab", name="Tiềm năng")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Đã giao").first).to_be_visible()
    why = page.locator("section", has_text="Điểm từ đâu ra")
    expect(why).to_contain_text("Thêm vào giỏ")
    expect(why).to_contain_text("+60")
    page.get_by_label("Ghi chú").fill("Hẹn gọi lại chiều mai")
    page.get_by_role("button", name="Thêm ghi chú").click()
    expect(page.locator("section", has_text="Chăm sóc").get_by_text("Hẹn gọi lại chiều mai")).to_be_visible()
    assert_accessible(page)
    lead = server.client.get("/leads?assignee=owner@moclan.test")
    assert [item["name"] for item in lead["items"]] == ["Khách Số 11"]


def column(page, name: str):
    return page.locator("[data-column]").and_(page.get_by_role("region", name=name, exact=True))


def test_the_list_is_sorted_by_score(window, server):
    scores = [item["score"] for item in server.client.get("/leads")["items"]]
    assert len(scores) > 5 and scores == sorted(scores, reverse=True), scores
    paged, cursor = [], {}
    while True:
        page = server.client.get("/leads", limit=2, **cursor)
        paged += [item["score"] for item in page["items"]]
        if not page["next"]:
            break
        cursor = {"cursor": page["next"]}
    assert paged == scores


def test_a_lead_is_moved_on_the_board_by_mouse_and_by_keyboard(window, server):
    page = window(language="vi")
    page.goto("/app/leads?view=board")
    card = column(page, "Đã giao").locator("article", has_text="Khách Số 11")
    expect(card).to_be_visible()
    assert_accessible(page)
    card.locator("p, span").first.hover()
    box, target = card.bounding_box(), column(page, "Đã liên hệ").bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(target["x"] + 100, target["y"] + 60, steps=12)
    page.mouse.up()
    expect(column(page, "Đã liên hệ").locator("article", has_text="Khách Số 11")).to_be_visible()
    card = column(page, "Chưa giao").locator("article", has_text="Khách Số 09")
    choice = card.get_by_role("combobox", name="Trạng thái của Khách Số 09")
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(column(page, "Chưa giao").locator("article", has_text="Khách Số 09")).to_have_count(0)
    expect(page.locator("article", has_text="Khách Số 09")).to_be_visible()
    phone = window(language="en", viewport=PHONE)
    phone.goto("/app/leads?view=board")
    expect(phone.locator("[data-column]")).to_have_count(1)
    phone.get_by_role("combobox", name="Column", exact=True).click()
    phone.get_by_role("option", name="Contacted").last.click()
    expect(phone.locator("[data-column=contacted] article", has_text="Khách Số 11")).to_be_visible()
    assert_fits(phone)
    assert_accessible(phone)


def test_whom_new_rules_made_hot_is_handed_over_only_when_asked(window, server):
    page = window(language="vi")
    page.goto("/app/leads/rules")
    page.get_by_role("switch", name="Tự động giao khách").check(force=True)
    page.get_by_label("Giao khi đạt").fill("24")
    page.get_by_label("Sẵn sàng lại khi dưới").fill("5")
    page.get_by_role("button", name="Lưu thay đổi").click()
    ask = page.get_by_role("button", name="Giao ngay")
    expect(ask).to_be_visible(timeout=60_000)
    waiting = server.client.get("/leads/hand-over")["people"]
    assert waiting > 2
    expect(page.get_by_text(f"{waiting} người đang trên mức giao")).to_be_visible()
    assert_accessible(page)
    handed = {item["profile_id"] for item in server.client.get("/leads")["items"] if item["handed_at"]}
    assert handed == set(), "saving alone hands nobody over"
    ask.click()
    page.get_by_role("button", name=f"Giao {waiting} người").click()
    expect(ask).to_have_count(0)
    wait_until(lambda: server.client.get("/leads/hand-over")["people"] == 0, "they are handed over", 30)
    handed = [item for item in server.client.get("/leads")["items"] if item["handed_at"]]
    assert len(handed) == waiting


@pytest.mark.parametrize("path", ["/app/leads", "/app/leads?view=board", "/app/leads/rules", "/app/leads/report"])
@pytest.mark.parametrize("wishes", [{"language": "en", "viewport": PHONE}, {"language": "vi", "scheme": "dark"}])
def test_pages_fit_and_are_accessible(window, path, wishes):
    page = window(**wishes)
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert_fits(page)
    assert_accessible(page)
