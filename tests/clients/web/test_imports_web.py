"""The import wizard: a file from its drop to the undo, with what is wrong in it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits

# A machine that does much else at once is slow to show a page.
expect.set_options(timeout=15_000)

SURNAMES = ["Nguyễn", "Trần", "Lê", "Phạm"]


def customers(count: int, *, first: int = 0) -> bytes:
    """A file as a till writes it: semicolons, marks, and two rows that nobody can take."""
    rows = ["Họ tên;SĐT;Email;Ngày sinh;Điểm tích lũy;Nhận email;Ghi chú"]
    for n in range(first, first + count):
        rows.append(f"{SURNAMES[n % 4]} Thị {n};09{n % 10}{2_000_000 + n};kh{n}@till.example;{n % 28 + 1:02}/{n % 12 + 1:02}/1990;{n};có;x{n}")
    rows.append("Hỏng ngày;0912999888;hong@till.example;31/31/1990;1;có;")
    rows.append("Không ai cả;;;;;;")
    return "\n".join(rows).encode()


def upload(page: Page, body: bytes, *, kind: str = "Khách hàng", name: str = "khach-hang.csv") -> None:
    page.goto("/app/imports/new")
    page.get_by_role("radio", name=kind, exact=True).click()
    page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "text/csv", "buffer": body}])
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_a_file_is_matched_checked_imported_and_undone(app, server):
    app.goto("/app/imports")
    expect(app.get_by_text("Mang dữ liệu cũ của bạn vào đây")).to_be_visible()
    assert_accessible(app)
    upload(app, customers(400))
    # The columns were recognised, separator and encoding found.
    expect(app.get_by_role("combobox", name="Cột Họ tên chứa")).to_have_value("Họ tên")
    expect(app.get_by_role("combobox", name="Cột SĐT chứa")).to_have_value("Số điện thoại")
    expect(app.get_by_role("combobox", name="Dấu ngăn cột")).to_have_value("Tự nhận: Dấu chấm phẩy ;")
    expect(app.get_by_role("combobox", name="Kiểu dữ liệu của Điểm tích lũy")).to_have_value("Số")
    assert_accessible(app)
    # A consent of unknown origin is not taken.
    check = app.get_by_role("button", name="Kiểm tra dữ liệu")
    expect(check).to_be_disabled()
    app.get_by_label("Nguồn của sự đồng ý").fill("Phiếu đăng ký tại quầy")
    # A column is left out by the keyboard.
    note = app.get_by_role("combobox", name="Cột Ghi chú chứa")
    note.focus()
    app.keyboard.press("ArrowDown")
    expect(app.get_by_role("option", name="Thẻ", exact=True)).to_be_visible()
    app.keyboard.press("Escape")
    check.click()
    expect(app.get_by_text("Dòng hợp lệ")).to_be_visible()
    expect(app.get_by_text("hãy điền email, số điện thoại hoặc mã khách")).to_be_visible()
    assert_accessible(app)
    with app.expect_download() as download:
        app.get_by_role("link", name="Tải các dòng lỗi").click()
    assert "Hỏng ngày" in open(download.value.path(), encoding="utf-8-sig").read()
    app.get_by_role("button", name="Bắt đầu nhập").click()
    expect(app.get_by_text("Nhập xong")).to_be_visible(timeout=60_000)
    assert_accessible(app)
    assert server.client.get("/profiles?search=kh7@till.example")["items"]
    app.get_by_role("button", name="Hoàn tác lần nhập này").click()
    app.get_by_role("dialog").get_by_role("button", name="Hoàn tác lần nhập này").click()
    expect(app.get_by_text("Đã hoàn tác").first).to_be_visible(timeout=60_000)
    assert not server.client.get("/profiles?search=kh7@till.example")["items"]
    app.get_by_role("link", name="Nhập dữ liệu").first.click()
    expect(app.get_by_role("row", name=re.compile("khach-hang.csv")).get_by_text("Đã hoàn tác")).to_be_visible()


def test_what_was_chosen_waits_for_whoever_comes_back(app):
    upload(app, customers(5, first=1_000), name="quay-lai.csv")
    app.get_by_label("Nguồn của sự đồng ý").fill("Hội chợ tháng 11")
    app.get_by_role("combobox", name="Cột Ghi chú chứa").click()
    app.get_by_role("option", name="Thẻ", exact=True).click()
    app.goto("/app/imports")
    app.get_by_role("link", name="quay-lai.csv").click()
    expect(app.get_by_label("Nguồn của sự đồng ý")).to_have_value("Hội chợ tháng 11")
    expect(app.get_by_role("combobox", name="Cột Ghi chú chứa")).to_have_value("Thẻ")
    app.get_by_role("button", name="Bỏ tệp này").click()
    app.get_by_role("dialog").get_by_role("button", name="Bỏ tệp này").click()
    expect(app.get_by_role("row", name=re.compile("quay-lai.csv")).get_by_text("Đã dừng")).to_be_visible()


def test_what_is_wrong_with_the_columns_is_said(app):
    upload(app, "Tên món,Giá\nÁo,100000\nQuần,200000\n".encode(), kind="Đơn hàng", name="don.csv")
    expect(app.get_by_text("Chưa có cột mã đơn hàng.")).to_be_visible()
    expect(app.get_by_role("button", name="Kiểm tra dữ liệu")).to_be_disabled()
    assert_accessible(app)


def test_a_file_that_is_no_table_is_refused_in_words(app):
    upload(app, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, name="anh.csv")
    expect(app.get_by_role("alert")).to_be_visible()
    expect(app.get_by_role("button", name="Bỏ tệp này")).to_be_visible()


def test_an_import_is_paused_and_goes_on(app, server):
    upload(app, customers(20_000, first=50_000), name="nhieu.csv")
    app.get_by_label("Nguồn của sự đồng ý").fill("Phiếu đăng ký tại quầy")
    app.get_by_role("button", name="Kiểm tra dữ liệu").click()
    start = app.get_by_role("button", name="Bắt đầu nhập")
    start.click()
    app.get_by_role("button", name="Tạm dừng").click(timeout=30_000)
    expect(app.get_by_role("button", name="Tiếp tục")).to_be_visible()
    assert_accessible(app)
    job = next(one for one in server.client.get("/imports")["items"] if one["name"] == "nhieu.csv")
    assert job["state"] == "paused"
    # Whoever leaves and comes back finds it as it is.
    app.goto("/app/imports")
    app.get_by_role("link", name="nhieu.csv").click()
    app.get_by_role("button", name="Tiếp tục").click()
    expect(app.get_by_role("progressbar")).to_be_visible()
    expect(app.get_by_text("Nhập xong")).to_be_visible(timeout=180_000)
    assert server.client.get("/profiles?search=kh69999@till.example")["items"]


@pytest.mark.parametrize("path", ["/imports", "/imports/new"])
def test_pages_fit_a_phone_in_the_dark(window, path):
    page = window(language="en", scheme="dark", viewport=PHONE)
    page.goto(f"/app{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("document.querySelectorAll('[aria-busy=true], .mantine-Skeleton-root').length === 0")
    assert_fits(page)
    assert_accessible(page)
