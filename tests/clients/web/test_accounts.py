"""Ways in, one's own account, staff, other shops and the log, by mouse and by keyboard."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits

# A machine that does much else at once is slow to show a page.
expect.set_options(timeout=15_000)

PASSWORD = "trà đá vỉa hè số 9"


def fill_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Mật khẩu", exact=True).fill(password)
    page.keyboard.press("Enter")


@pytest.fixture
def stranger(window) -> Page:
    """A window of somebody who is not signed in."""
    return window(signed_in=None)


def code_after(page: Page, secret: str, used: str | None) -> str:
    """The code of the moment, of a step of time that was not used: waits for the next one where it must."""
    for _ in range(70):
        code = pyotp.TOTP(secret).now()
        if code != used:
            return code
        page.wait_for_timeout(500)
    raise AssertionError("the code does not change")


def member(server, name: str) -> dict[str, str]:
    """Somebody of their own for a test that changes an account."""
    who = {"email": f"{name}@moclan.test", "password": PASSWORD}
    server.add_user(who["email"], who["password"], name=name.title(), role="admin")
    return who


def test_signing_in_leads_back_to_where_one_wanted_to_go(stranger, owner):
    stranger.goto("/app/staff")
    expect(stranger.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    fill_in(stranger, owner["email"], "sai mật khẩu rồi")
    expect(stranger.get_by_role("alert")).to_contain_text("chưa đúng")
    fill_in(stranger, owner["email"], owner["password"])
    expect(stranger.get_by_role("heading", name="Nhân viên", level=1)).to_be_visible()
    assert stranger.url.endswith("/app/staff")
    # Somebody who is signed in has nothing to do at the sign-in.
    stranger.goto("/app/sign-in")
    stranger.wait_for_url("**/app/")


def test_nobody_is_led_away_by_the_address_of_the_sign_in(stranger, owner):
    for target in ("//evil.example/", "https://evil.example/", "/%5Cevil.example"):
        stranger.context.clear_cookies()
        stranger.goto(f"/app/sign-in?next={target}")
        fill_in(stranger, owner["email"], owner["password"])
        stranger.wait_for_url("**/app/")
        assert "evil" not in stranger.url


def test_the_sign_in_speaks_both_languages(stranger):
    stranger.goto("/app/sign-in")
    stranger.get_by_role("radiogroup", name="Ngôn ngữ").get_by_text("English").click()
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    assert stranger.evaluate("document.documentElement.lang") == "en"


def test_a_second_step_with_an_authenticator_app(window, server, stranger):
    who = member(server, "tuyet")
    page = window(signed_in=who)
    page.goto("/app/profile")
    page.get_by_role("button", name="Bật xác thực hai bước").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mật khẩu hiện tại").fill(PASSWORD)
    dialog.get_by_role("button", name="Tiếp tục").click()
    expect(dialog.get_by_role("img", name="Mã QR")).to_be_visible()
    assert_accessible(page)
    secret = re.sub(r"\s", "", dialog.get_by_text(re.compile(r"^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$")).inner_text())
    first = pyotp.TOTP(secret).now()
    dialog.get_by_label("Mã 6 chữ số").fill(first)
    codes = dialog.get_by_role("listitem").filter(has_text=re.compile(r"^\w{4}-\w{4}-\w{4}-\w{4}$"))
    expect(codes).to_have_count(10)
    recovery = codes.all_inner_texts()
    dialog.get_by_role("button", name="Tôi đã lưu").click()
    expect(page.get_by_text("Đang bật")).to_be_visible()

    # With the app: a wrong code, then the right one, which works once.
    stranger.goto("/app/sign-in")
    fill_in(stranger, who["email"], PASSWORD)
    field = stranger.get_by_label("Mã 6 chữ số")
    wrong = f"{(int(first) + 1) % 1_000_000:06}"
    field.fill(wrong if wrong != pyotp.TOTP(secret).now() else "000000")
    expect(stranger.get_by_text("Mã chưa đúng")).to_be_visible()
    assert_accessible(stranger)
    code = code_after(stranger, secret, first)
    field.fill(code)
    stranger.wait_for_url("**/app/")

    # Without it: a recovery code, as it is typed from paper.
    stranger.context.clear_cookies()
    stranger.goto("/app/sign-in")
    fill_in(stranger, who["email"], PASSWORD)
    stranger.get_by_label("Mã 6 chữ số").fill(code)
    expect(stranger.get_by_text("Mã chưa đúng")).to_be_visible()
    stranger.get_by_role("button", name="Dùng mã khôi phục").click()
    stranger.get_by_label("Mã khôi phục").fill(recovery[0].upper().replace("-", " "))
    stranger.keyboard.press("Enter")
    stranger.wait_for_url("**/app/")
    page.reload()
    expect(page.get_by_text("Còn 9 mã khôi phục.")).to_be_visible()

    page.get_by_role("button", name="Tắt xác thực hai bước").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mật khẩu hiện tại").fill("không phải thế")
    dialog.get_by_role("button", name="Tắt xác thực hai bước").click()
    expect(dialog.get_by_text("Mật khẩu chưa đúng.")).to_be_visible()
    dialog.get_by_label("Mật khẩu hiện tại").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Bật xác thực hai bước")).to_be_visible()


def test_an_invitation_from_the_drawer_to_the_first_page(app, window):
    app.goto("/app/staff")
    app.get_by_role("button", name="Mời nhân viên").click()
    drawer = app.get_by_role("dialog")
    drawer.get_by_label("Email").fill("moi@moclan.test")
    drawer.get_by_role("radio", name="Phân tích").click()
    drawer.get_by_role("button", name="Gửi lời mời").click()
    link = app.get_by_role("dialog").get_by_label("Liên kết").input_value()
    assert "/app/invitation/" in link
    # No channel is set up, so the link is handed on by hand.
    expect(app.get_by_text("Chưa gửi được email")).to_be_visible()
    app.keyboard.press("Escape")
    app.get_by_role("tab", name=re.compile("Lời mời")).click()
    expect(app.get_by_role("row", name=re.compile("moi@moclan.test")).get_by_text("Đang chờ")).to_be_visible()

    page = window(signed_in=None)
    page.goto(link)
    expect(page.get_by_role("heading", name=re.compile("Tham gia"))).to_be_visible()
    expect(page.get_by_text("vai trò Phân tích")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Tên của bạn").fill("Trần Minh")
    page.get_by_label("Đặt mật khẩu", exact=True).fill("ngắn")
    page.get_by_role("button", name="Tham gia").click()
    expect(page.get_by_text("quá ngắn hoặc quá phổ biến")).to_be_visible()
    page.get_by_label("Đặt mật khẩu", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/")
    # An analyst has no way to the staff, and is told why.
    expect(page.get_by_role("link", name="Nhân viên")).to_have_count(0)
    page.goto("/app/staff")
    expect(page.get_by_text("Bạn chưa có quyền xem trang này")).to_be_visible()
    # The link works once.
    page.context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("heading", name="Liên kết không còn dùng được")).to_be_visible()
    assert_accessible(page)

    # The owner changes the role, and takes the person out.
    app.reload()
    app.get_by_role("button", name="Thao tác với Trần Minh").click()
    app.get_by_role("menuitem", name="Đổi vai trò").click()
    app.get_by_role("dialog").get_by_role("radio", name="Marketing").click()
    app.get_by_role("dialog").get_by_role("button", name="Lưu").click()
    row = app.get_by_role("row", name=re.compile("Trần Minh"))
    expect(row.get_by_text("Marketing")).to_be_visible()
    app.get_by_role("button", name="Thao tác với Trần Minh").click()
    app.get_by_role("menuitem", name="Xóa khỏi cửa hàng").click()
    app.get_by_role("button", name="Xóa Trần Minh").click()
    expect(row).to_have_count(0)


def test_a_new_password_by_a_colleagues_link(app, server, window):
    who = member(server, "quang")
    app.goto("/app/staff")
    app.get_by_role("button", name="Thao tác với Quang").click()
    app.get_by_role("menuitem", name="Tạo liên kết đặt lại mật khẩu").click()
    link = app.get_by_role("dialog").get_by_label("Liên kết").input_value()
    page = window(signed_in=None)
    page.goto(link)
    page.get_by_label("Mật khẩu mới", exact=True).fill("bún bò Huế ngon tuyệt")
    expect(page.get_by_text("Rất tốt")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đã đổi mật khẩu")).to_be_visible()
    page.get_by_role("link", name="Đăng nhập").click()
    fill_in(page, who["email"], "bún bò Huế ngon tuyệt")
    page.wait_for_url("**/app/")
    page.context.clear_cookies()
    page.goto("/app/forgot-password")
    page.get_by_label("Email").fill(who["email"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("đang trên đường tới")


def test_ones_name_language_and_devices(window, server):
    who = member(server, "huong")
    elsewhere = window(signed_in=who)
    page = window(signed_in=who)
    page.goto("/app/profile")
    page.get_by_label("Tên hiển thị").fill("Lê Thị Hương")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Tài khoản của Lê Thị Hương")).to_be_visible()
    assert_accessible(page)
    # Another device is signed out at once.
    expect(page.get_by_text("Thiết bị này")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Đăng xuất Chrome")).first.click()
    expect(page.get_by_role("button", name=re.compile("^Đăng xuất Chrome"))).to_have_count(0)
    elsewhere.goto("/app/profile")
    expect(elsewhere.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    # The language goes with the account.
    page.get_by_role("main").get_by_role("radiogroup", name="Ngôn ngữ").get_by_text("English").click()
    expect(page.get_by_role("heading", name="Profile and security")).to_be_visible()
    fill_in(elsewhere, who["email"], who["password"])
    expect(elsewhere.get_by_role("heading", name="Profile and security")).to_be_visible()


def test_a_password_is_changed_by_who_knows_it(window, server):
    who = member(server, "bao")
    page = window(signed_in=who)
    page.goto("/app/profile")
    page.get_by_label("Mật khẩu hiện tại").fill("không nhớ nữa rồi")
    page.get_by_label("Mật khẩu mới", exact=True).fill("phở gà Nam Định ngon")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Mật khẩu chưa đúng.")).to_be_visible()
    page.get_by_label("Mật khẩu hiện tại").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Đã đổi mật khẩu.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Hồ sơ và bảo mật")).to_be_visible()


def test_another_shop_is_opened_and_left_again(app):
    app.get_by_role("button", name=re.compile("^Cửa hàng")).click()
    app.get_by_role("menuitem", name="Mở cửa hàng mới").click()
    app.get_by_label("Tên cửa hàng").fill("Áo cưới Mộc Lan")
    expect(app.get_by_label("Tên trong đường dẫn")).to_have_value("ao-cuoi-moc-lan")
    assert_accessible(app)
    app.get_by_role("button", name="Mở cửa hàng", exact=True).click()
    menu = app.get_by_role("button", name=re.compile("^Cửa hàng Áo cưới Mộc Lan"))
    expect(menu).to_be_visible()
    menu.click()
    app.get_by_role("menuitem", name="Đổi tên cửa hàng").click()
    app.get_by_role("dialog").get_by_label("Tên cửa hàng").fill("Cưới Mộc Lan")
    app.keyboard.press("Enter")
    menu = app.get_by_role("button", name=re.compile("^Cửa hàng Cưới Mộc Lan"))
    expect(menu).to_be_visible()
    menu.click()
    app.get_by_role("menuitem", name=re.compile("^default")).click()
    expect(app.get_by_role("button", name=re.compile("^Cửa hàng default"))).to_be_visible()


def test_the_log_is_read_and_narrowed(app, server, owner):
    app.goto("/app/audit")
    expect(app.get_by_text("đã đăng nhập").first).to_be_visible()
    assert_accessible(app)
    app.get_by_role("combobox", name="Thao tác").click()
    app.get_by_role("option", name="Đăng nhập sai mật khẩu").click()
    expect(app.get_by_text("đã đăng nhập", exact=True)).to_have_count(0)
    app.get_by_role("button", name="Bỏ lọc").first.click()
    app.get_by_role("combobox", name="Đối tượng").click()
    app.get_by_role("option", name="chiến dịch").click()
    expect(app.get_by_text("Không có thao tác nào khớp")).to_be_visible()


@pytest.mark.parametrize("path", ["/staff", "/profile", "/audit", "/workspaces/new"])
def test_pages_fit_a_phone_in_the_dark(window, path):
    page = window(language="en", scheme="dark", viewport=PHONE)
    page.goto(f"/app{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("document.querySelectorAll('[aria-busy=true], .mantine-Skeleton-root').length === 0")
    assert_fits(page)
    assert_accessible(page)


def test_roles_are_explained(app):
    app.goto("/app/staff")
    app.get_by_role("tab", name="Vai trò").click()
    row = app.get_by_role("row", name=re.compile("Khóa API"))
    expect(row.get_by_role("img", name="Được", exact=True)).to_have_count(2)
    expect(row.get_by_role("img", name="Không", exact=True)).to_have_count(3)
    assert_accessible(app)


@pytest.mark.parametrize("look", [("vi", "light"), ("en", "dark")], ids=["vi-light", "en-dark"])
@pytest.mark.parametrize("path", ["/sign-in", "/forgot-password", "/new-password/worn", "/invitation/worn"])
def test_pages_for_strangers_are_accessible_and_fit_a_phone(window, path, look):
    page = window(signed_in=None, language=look[0], scheme=look[1], viewport=PHONE)
    page.goto(f"/app{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
