"""Lists taken out, and what people ask about their data: taken in, acknowledged, completed, refused."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits

# A machine that does much else at once is slow to show a page.
expect.set_options(timeout=15_000)


def customer(server, name: str) -> str:
    """A customer; answers their id."""
    body = {"identifiers": [f"email:{name}@khach.example"], "attributes": {"name": name.title()}}
    return server.client.write("POST", "/profiles", body)["id"]


def take_in(page: Page, kind: str, email: str) -> None:
    page.goto("/app/requests")
    page.get_by_role("button", name="Ghi nhận yêu cầu").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Yêu cầu").click()
    page.get_by_role("option", name=kind).click()
    dialog.get_by_text("Nhập liên hệ").click()
    dialog.get_by_label("Liên hệ của khách").fill(email)
    dialog.get_by_role("button", name="Ghi nhận", exact=True).click()
    expect(page.get_by_role("heading", name=kind, level=1)).to_be_visible()


def test_a_request_is_acknowledged_and_refused_with_its_reason(app):
    take_in(app, "Xem dữ liệu", "la@khach.example")
    expect(app.get_by_text("Không tìm thấy khách nào")).to_be_visible()
    assert_accessible(app)
    app.get_by_role("button", name="Đã báo nhận cho khách").click()
    expect(app.get_by_text("Đã báo nhận", exact=True)).to_be_visible()
    app.get_by_role("button", name="Từ chối").click()
    dialog = app.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Từ chối")).to_be_disabled()
    dialog.get_by_label("Lý do từ chối").fill("Không có dữ liệu nào về người này.")
    assert_accessible(app)
    dialog.get_by_role("button", name="Từ chối").click()
    expect(app.get_by_text("Đã từ chối", exact=True)).to_be_visible()
    expect(app.locator("#main").get_by_text("Không có dữ liệu nào về người này.")).to_be_visible()


def test_an_erasure_is_completed_and_stands_in_the_register(app, server):
    person = customer(server, "xoa")
    take_in(app, "Xóa dữ liệu", "xoa@khach.example")
    expect(app.get_by_role("link", name="Xem hồ sơ")).to_have_attribute("href", f"/app/customers/{person}")
    app.get_by_role("button", name="Hoàn thành").click()
    dialog = app.get_by_role("dialog")
    deed = dialog.get_by_role("button", name="Xóa vĩnh viễn")
    expect(deed).to_be_disabled()
    dialog.get_by_role("checkbox", name="Tôi đã kiểm tra đúng người yêu cầu").check()
    deed.click()
    expect(app.get_by_text("Đã xong", exact=True)).to_be_visible()
    app.goto("/app/requests")
    expect(app.get_by_text("Không có yêu cầu nào cần xử lý")).to_be_visible()
    app.get_by_role("tab", name="Đã xóa").click()
    expect(app.get_by_role("row", name=re.compile("Giữ, không kèm danh tính"))).to_be_visible()
    assert_accessible(app)


def test_a_list_is_exported_downloaded_and_deleted(app, server):
    customer(server, "xuat")
    app.goto("/app/exports")
    app.get_by_role("button", name="Xuất dữ liệu").click()
    dialog = app.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Khách hàng")).to_be_checked()
    assert_accessible(app)
    dialog.get_by_role("button", name="Bắt đầu xuất").click()
    link = app.get_by_role("link", name="Tải về")
    expect(link).to_be_visible(timeout=30_000)
    assert_accessible(app)
    with app.expect_download() as download:
        link.click()
    assert "xuat@khach.example" in open(download.value.path(), encoding="utf-8-sig").read()
    app.get_by_role("button", name="Xóa tệp xuất: Khách hàng").click()
    app.get_by_role("dialog").get_by_role("button", name="Xóa tệp xuất").click()
    expect(app.get_by_text("Dữ liệu là của bạn")).to_be_visible()


@pytest.mark.parametrize("path", ["/requests", "/exports"])
def test_pages_fit_a_phone_in_the_dark(window, path):
    page = window(language="en", scheme="dark", viewport=PHONE)
    page.goto(f"/app{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("document.querySelectorAll('[aria-busy=true], .mantine-Skeleton-root').length === 0")
    assert_fits(page)
    assert_accessible(page)
