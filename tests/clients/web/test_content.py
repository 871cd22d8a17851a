"""The content screens: templates, the gallery, the editor of blocks, the composers, the brand and the pictures."""

from __future__ import annotations

import re
import struct
import uuid
import zlib

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits

# The machine may be busy with others.
expect.set_options(timeout=20_000)


def png(width: int = 40, height: int = 20) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xc0\x50\x30" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def template(server):
    """Makes a template of a gallery's message; answers its id."""

    def make(piece: str, language: str = "vi") -> str:
        template_id = f"t-{uuid.uuid4().hex[:10]}"
        whole = server.client.get(f"/template-gallery/{piece}?language={language}")
        server.client.write("PUT", f"/templates/{template_id}", whole["template"])
        return template_id

    return make


def open_editor(window, template_id: str, **wishes) -> Page:
    page = window(**wishes)
    page.goto(f"/app/content/{template_id}")
    expect(page.locator("[data-block], [data-channel]").first).to_be_visible()
    return page


def blocks(page: Page) -> list[str]:
    return page.locator("[data-block]").evaluate_all("(all) => all.map((one) => one.dataset.block)")


def test_a_message_of_the_gallery_becomes_a_template(window, server):
    page = window()
    page.goto("/app/content")
    page.get_by_role("tab", name="Kho mẫu").click()
    page.get_by_role("button", name="Chào mừng 1: lời chào và quà").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("iframe")).to_be_visible()
    dialog.get_by_role("button", name="Dùng mẫu này").click()
    expect(page).to_have_url(re.compile(r"/app/content/chao-mung-1-loi-chao-va-qua-\w+$"))
    expect(page.locator("[data-block=hero]")).to_be_visible()
    template_id = page.url.rsplit("/", 1)[1]
    assert server.client.get(f"/templates/{template_id}")["kind"] == "blocks"


def test_blocks_are_written_saved_as_a_draft_and_published(window, server, template):
    template_id = template("welcome-1")
    page = open_editor(window, template_id)
    page.locator("[data-block=text]").first.get_by_role("button", name="Chọn khối Văn bản").click()
    written = page.get_by_role("textbox", name="Nội dung văn bản")
    written.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Hẹn gặp bạn sớm.")
    expect(page.get_by_text("Đã lưu nháp")).to_be_visible()
    draft = server.client.get(f"/templates/{template_id}/draft")
    assert "Hẹn gặp bạn sớm." in str(draft["template"])
    assert server.client.get(f"/templates/{template_id}")["version"] == 1
    page.reload()
    expect(page.get_by_text("Hẹn gặp bạn sớm.")).to_be_visible()
    page.get_by_role("button", name="Xuất bản").click()
    expect(page.get_by_text("Đã xuất bản. Tin gửi từ bây giờ dùng bản này.")).to_be_visible()
    kept = server.client.get(f"/templates/{template_id}")
    assert kept["version"] == 2 and "Hẹn gặp bạn sớm." in str(kept["body"])
    # The fields that stood in the text are fields still.
    assert "{{ customer.given_name | default: 'bạn' }}" in str(kept["body"])
    page.get_by_role("button", name="Lịch sử phiên bản").click()
    page.get_by_role("button", name="Khôi phục phiên bản 1").click()
    expect(page.get_by_text("Hẹn gặp bạn sớm.")).to_have_count(0)


def test_blocks_are_added_moved_and_removed_by_keyboard_and_undone(window, template):
    page = open_editor(window, template("welcome-3"))
    before = blocks(page)
    page.get_by_role("button", name="Thêm khối Đường kẻ").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-block=divider]")).to_be_visible()
    assert blocks(page) == [*before[:-1], "divider", "footer"]
    page.get_by_role("button", name="Đưa Đường kẻ lên").focus()
    page.keyboard.press("Enter")
    assert blocks(page)[-3] == "divider"
    page.get_by_role("button", name="Xóa Đường kẻ").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-block=divider]")).to_have_count(0)
    page.get_by_role("button", name="Hoàn tác", exact=True).click()
    expect(page.locator("[data-block=divider]")).to_be_visible()
    page.get_by_role("button", name="Hoàn tác", exact=True).click()
    page.get_by_role("button", name="Hoàn tác", exact=True).click()
    expect(page.locator("[data-block=divider]")).to_have_count(0)
    assert blocks(page) == before


def test_a_field_is_put_into_the_subject(window, template):
    page = open_editor(window, template("welcome-2"))
    subject = page.get_by_role("textbox", name="Tiêu đề email")
    subject.fill("Chào ")
    page.get_by_role("button", name="Chèn trường dữ liệu").first.click()
    page.get_by_role("textbox", name="Tìm trường").fill("tên gọi")
    page.get_by_role("button", name="Tên gọi").click()
    expect(subject).to_have_value("Chào {{ customer.given_name | default: 'bạn' }}")


def test_the_preview_shows_any_customer_and_the_findings(window, server, template):
    person = server.client.write("POST", "/profiles", {
        "identifiers": [f"email:{uuid.uuid4().hex[:8]}@shop.example"], "attributes": {"name": "Trần Bảo Châu"},
    })
    assert person["id"]
    page = open_editor(window, template("welcome-1"))
    page.get_by_role("textbox", name="Tiêu đề email").fill("GIẢM GIÁ SỐC HÔM NAY")
    page.get_by_text("Xem trước", exact=True).click()
    letter = page.frame_locator("iframe").first
    expect(letter.get_by_text("Chào Lan,")).to_be_visible()
    page.get_by_role("combobox", name="Xem như").click()
    page.get_by_role("option", name="Một khách thật").click()
    page.get_by_role("combobox", name="Khách hàng").fill("Bảo Châu")
    page.get_by_role("option", name=re.compile("Trần Bảo Châu")).first.click()
    expect(letter.get_by_text("Chào Châu,")).to_be_visible()
    page.get_by_role("tab", name="Kiểm tra").click()
    expect(page.get_by_text("Tiêu đề viết hoa quá nhiều, dễ bị coi là thư rác.")).to_be_visible()


def test_a_text_message_is_measured(window, server, template):
    page = open_editor(window, template("sms-flash-sale"))
    expect(page.get_by_text("Chưa thể gửi kênh này")).to_be_visible()
    page.get_by_role("textbox", name="Tin nhắn").fill("Giảm giá 20% hôm nay")
    phone = page.get_by_role("group", name=re.compile("Tin trên điện thoại"))
    expect(phone.get_by_text(re.compile(r"^\[QC\] Giảm giá 20% hôm nay"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Bảng mã Unicode"))).to_be_visible()
    page.get_by_role("button", name="Chuyển sang không dấu").click()
    expect(page.get_by_role("textbox", name="Tin nhắn")).to_have_value("Giam gia 20% hom nay")
    expect(page.get_by_role("row", name=re.compile("Bảng mã GSM 7-bit"))).to_be_visible()


def test_zalo_and_push_are_shown_on_a_phone(window, template):
    page = open_editor(window, template("zns-order"))
    phone = page.get_by_role("group", name=re.compile("Tin trên điện thoại"))
    expect(phone.get_by_text("Xác nhận đơn hàng SO-1024")).to_be_visible()
    page = open_editor(window, template("push-new"))
    page.get_by_role("textbox", name="Tiêu đề").fill("Bộ sưu tập mùa thu")
    expect(page.get_by_role("group", name=re.compile("Tin trên điện thoại")).get_by_text("Bộ sưu tập mùa thu")).to_be_visible()


def test_a_picture_is_brought_in_described_used_and_deleted(window, server, template):
    name = f"anh-{uuid.uuid4().hex[:6]}"
    page = window()
    page.goto("/app/media")
    page.get_by_label("Tải ảnh lên").first.set_input_files({"name": f"{name}.png", "mimeType": "image/png", "buffer": png()})
    tile = page.get_by_role("button", name=re.compile(name))
    expect(tile).to_be_visible()
    tile.click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_role("textbox", name="Mô tả").fill("Một ô màu đất")
    drawer.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Đã lưu", exact=True)).to_be_visible()
    media = server.client.get(f"/media?search={name}")["items"][0]
    assert (media["width"], media["height"], media["alt"]) == (40, 20, "Một ô màu đất")
    drawer.get_by_role("button", name="Xóa ảnh").click()
    page.get_by_role("dialog", name=re.compile("Xóa ảnh")).get_by_role("button", name="Xóa ảnh").click()
    expect(tile).to_have_count(0)
    assert server.client.get(f"/media?search={name}")["items"] == []


def test_the_brand_is_kept(window, server):
    page = window()
    page.goto("/app/content/brand")
    page.get_by_role("textbox", name="Tên pháp lý").fill("Công ty TNHH Mộc Lan")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Đã lưu thương hiệu")).to_be_visible()
    assert server.client.get("/brand")["brand"]["legal_name"] == "Công ty TNHH Mộc Lan"


@pytest.mark.parametrize("language,scheme", [("vi", "light"), ("en", "dark")])
def test_the_pages_are_accessible(window, template, language, scheme):
    page = window(language=language, scheme=scheme)
    for path in ("/app/content", "/app/media", "/app/content/brand"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)
        assert_accessible(page)
    for piece in ("cart-1", "womens-day", "sms-cart", "zns-order", "push-cart"):
        page.goto(f"/app/content/{template(piece, language)}")
        expect(page.locator("[data-block], [data-channel]").first).to_be_visible()
        assert_accessible(page)


def test_a_phone_shows_all_of_it(window, template):
    page = window(viewport=PHONE)
    for path in ("/app/content", "/app/media", "/app/content/brand", f"/app/content/{template('cart-1')}", f"/app/content/{template('sms-cart')}"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)
        assert_fits(page)
