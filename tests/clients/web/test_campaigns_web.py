"""Campaigns, the ledger and suppressions in the browser: composed, checked, sent to a real mail server, reported."""

from __future__ import annotations

import re
import uuid
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from app_page import PHONE, assert_accessible, assert_fits
from definitions import mjml
from mail_server import MailServer
from waiting import wait_until

# The machine may be busy with others.
expect.set_options(timeout=20_000)

TEMPLATE = {
    "name": "Ưu đãi 8/3",
    "channel": "email",
    "subject": "{{ customer.name | default: 'Bạn' }} ơi, quà 8/3 đây",
    "body": {
        "kind": "mjml",
        "source": mjml(
            "<mj-text>Chào {{ customer.name | default: 'bạn' }}, giảm 20% cả tuần này.</mj-text>"
            '<mj-button href="https://aodaihanh.example/uu-dai">Xem ngay</mj-button>'
        ),
    },
}
GRANTED = [{"channel": "email", "state": "granted"}]
DENIED = [{"channel": "email", "state": "denied"}]


@pytest.fixture(scope="module")
def post():
    running = MailServer()
    yield running
    running.close()


class People:
    """A list with people of every kind, and what should become of them by hand."""

    def __init__(self, client):
        self.of: dict[str, list[str]] = {"granted": [], "silent": [], "denied": [], "no_address": [], "left_out": []}
        mark = uuid.uuid4().hex[:6]
        for kind, count, traits in [
            ("granted", 5, {"consents": GRANTED}),
            ("silent", 3, {"consents": []}),
            ("denied", 1, {"consents": DENIED}),
            ("left_out", 2, {"consents": GRANTED}),
        ]:
            for n in range(count):
                name = f"{kind.replace('_', '')}{n}{mark}"
                client.identify(name, {"email": f"{name}@example.com", "name": f"Đặng Ánh {kind} {n}", **traits})
                self.of[kind].append(f"{name}@example.com")
        phone = f"+8490{int(mark, 16) % 10_000_000:07d}"
        client.identify(f"phone{mark}", {"phone": phone, "name": "Chỉ có số"})
        self.of["no_address"].append(phone)
        client.settle()
        self.name = f"Khách quen {mark}"
        self.out_name = f"Nhân viên {mark}"
        self.list = client.write("POST", "/lists", {"name": self.name})["id"]
        self.out = client.write("POST", "/lists", {"name": self.out_name})["id"]
        ids = {kind: [self._id(client, one) for one in ones] for kind, ones in self.of.items()}
        client.write("POST", f"/lists/{self.list}/members", {"add": [one for ones in ids.values() for one in ones]})
        client.write("POST", f"/lists/{self.out}/members", {"add": ids["left_out"]})
        client.settle()

    @staticmethod
    def _id(client, address: str) -> str:
        return client.profile(f"{'phone' if address.startswith('+') else 'email'}:{address}")["id"]

    @property
    def everybody(self) -> int:
        return sum(len(ones) for ones in self.of.values())


@pytest.fixture(scope="module")
def shop(server, post):
    client = server.client
    client.use_smtp(post.host, post.port)
    client.put_template("women", TEMPLATE)
    return client


@pytest.fixture
def people(shop) -> People:
    return People(shop)


def draft(shop, people, **more) -> dict:
    told = {"name": f"Quà {uuid.uuid4().hex[:6]}", "template": "women", "audience": {"lists": [people.list]}, **more}
    return shop.write("POST", "/campaigns", told)


def sent(shop, people, **more) -> dict:
    made = draft(shop, people, **more)
    shop.write("POST", f"/campaigns/{made['id']}/launch", {})
    return when(shop, made["id"], "done")


def when(shop, campaign_id: str, state: str) -> dict:
    def is_so():
        told = shop.get(f"/campaigns/{campaign_id}")
        return told if told["state"] == state else None

    return wait_until(is_so, f"the campaign is {state}", 90, every_s=0.2)


def pick(page: Page, label: str, choice: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(choice)
    page.get_by_role("option", name=re.compile(re.escape(choice))).first.click()
    page.keyboard.press("Escape")


def figures(page: Page) -> dict[str, int]:
    """The three numbers of the last check."""
    box = page.get_by_test_id("last-check")
    expect(box).to_be_visible(timeout=60_000)
    found = {}
    for label in ["Sẽ nhận đúng giờ", "Sẽ nhận muộn hơn", "Sẽ không nhận"]:
        card = box.locator(".mantine-Card-root", has_text=label)
        number = card.locator(".ql-num").first.inner_text()
        found[label] = int(number.replace(".", ""))
    return found


def test_a_campaign_is_composed_by_mouse_checked_and_sent(app, shop, people, post):
    page = app
    page.goto("/app/campaigns")
    page.get_by_role("link", name="Tạo chiến dịch").first.click()
    name = f"Quà 8/3 {uuid.uuid4().hex[:6]}"
    page.get_by_label("Tên chiến dịch").fill(name)
    page.get_by_role("radio", name="Email").click()
    page.get_by_role("button", name="Tạo bản nháp").click()

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page.get_by_text("Chưa chọn ai")).to_be_visible()
    pick(page, "Gửi cho khách thuộc một trong các nhóm", people.name)
    pick(page, "Bỏ qua khách thuộc các nhóm", people.out_name)
    side = page.get_by_role("complementary", name="Quy mô người nhận")
    left = people.everybody - len(people.of["left_out"])
    expect(side.locator(".ql-big")).to_contain_text(str(left))
    expect(side).to_contain_text(f"−{len(people.of['left_out'])}")
    page.get_by_role("button", name="Tiếp: Nội dung").click()

    page.get_by_role("radio", name=TEMPLATE["name"]).click()
    expect(page.frame_locator("iframe").get_by_text("giảm 20% cả tuần này")).to_be_visible()
    page.get_by_role("button", name="Tiếp: Lịch gửi").click()
    expect(page.get_by_role("radio", name="Gửi ngay")).to_be_checked()
    page.get_by_role("button", name="Tiếp: Kiểm tra").click()

    # What the check says is what anybody can count by hand.
    told = figures(page)
    refused = len(people.of["silent"]) + len(people.of["denied"]) + len(people.of["no_address"])
    goes = len(people.of["granted"])
    assert told == {"Sẽ nhận đúng giờ": goes, "Sẽ nhận muộn hơn": 0, "Sẽ không nhận": refused}
    box = page.get_by_test_id("last-check")
    for reason, count in [
        ("Khách chưa đồng ý nhận tin quảng cáo qua kênh này", len(people.of["silent"])),
        ("Khách đã từ chối nhận tin qua kênh này", 1),
        ("Khách không có địa chỉ cho kênh này", 1),
        ("Nằm trong danh sách loại trừ", len(people.of["left_out"])),
    ]:
        expect(box.get_by_role("button", name=re.compile(re.escape(reason)))).to_contain_text(str(count))
    box.get_by_role("button", name=re.compile("Khách đã từ chối")).click()
    expect(box.get_by_role("link", name="Đặng Ánh denied 0")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("button", name="Gửi ngay", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{goes} khách sẽ nhận tin này")
    dialog.get_by_role("button", name=f"Gửi cho {goes} khách").click()
    expect(page).to_have_url(re.compile(r"/app/campaigns/[0-9A-Z]{26}$"))
    campaign_id = page.url.rsplit("/", 1)[1]
    when(shop, campaign_id, "done")
    assert sorted(one for one in people.of["granted"] if post.to(one)) == sorted(people.of["granted"])
    for kind in ("silent", "denied", "left_out"):
        assert not any(post.to(one) for one in people.of[kind]), kind

    # The report says the same as the API, without a reload.
    expect(page.get_by_text("Đã gửi xong").first).to_be_visible(timeout=30_000)
    total = shop.get(f"/campaigns/{campaign_id}/report")["total"]
    assert (total["accepted"], total["refused"], total["excluded"]) == (goes, refused, len(people.of["left_out"]))
    expect(page.get_by_role("button", name=re.compile("^Bên nhận chấp nhận"))).to_contain_text(str(goes))
    assert_accessible(page)
    page.get_by_role("button", name="Khách chưa đồng ý nhận tin quảng cáo qua kênh này").click()
    expect(page.get_by_role("link", name=re.compile("^Đặng Ánh silent"))).to_have_count(len(people.of["silent"]))


def test_a_campaign_is_scheduled_by_keyboard_and_taken_back(app, shop, people):
    page = app
    page.goto("/app/campaigns/new")
    name = f"Bản tin {uuid.uuid4().hex[:6]}"
    expect(page.get_by_label("Tên chiến dịch")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.get_by_role("combobox", name="Gửi cho khách thuộc một trong các nhóm").focus()
    page.keyboard.type(people.name)
    expect(page.get_by_role("option", name=re.compile(people.name))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    for step in ["Nội dung", "Lịch gửi"]:
        button = page.get_by_role("button", name=f"Tiếp: {step}")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("group", name=step, exact=True)).to_be_focused()
        if step == "Nội dung":
            page.get_by_role("radio", name=TEMPLATE["name"]).focus()
            page.keyboard.press("Space")
            expect(page.frame_locator("iframe").get_by_text("giảm 20% cả tuần này")).to_be_visible()
    page.get_by_role("radio", name="Lặp lại").focus()
    page.keyboard.press("Space")
    page.get_by_role("checkbox", name="T5").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("alert").filter(has_text="Thứ Hai và thứ Năm hằng tuần lúc 09:00")).to_be_visible()
    expect(page.locator("ol li.ql-num, ol .ql-num")).to_have_count(5)
    page.get_by_role("button", name="Tiếp: Kiểm tra").focus()
    page.keyboard.press("Enter")
    figures(page)
    page.get_by_role("button", name="Lên lịch gửi").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Lên lịch").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Đã lên lịch").first).to_be_visible()
    (made,) = [one for one in shop.get("/campaigns", search=name)["items"]]
    assert made["state"] == "scheduled" and made["definition"]["schedule"]["weekdays"] == ["mon", "thu"]
    page.get_by_role("button", name="Thu về bản nháp").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/edit$"))
    assert shop.get(f"/campaigns/{made['id']}")["state"] == "draft"

    # The calendar shows it once it is scheduled again.
    shop.write("POST", f"/campaigns/{made['id']}/launch", {})
    page.goto("/app/campaigns?view=calendar")
    page.get_by_role("button", name="Sau").click()
    expect(page.get_by_role("link", name=re.compile(name)).first).to_be_visible()
    assert_accessible(page)


def test_the_report_adds_up_and_makes_a_segment(app, shop, people, post):
    made = sent(shop, people)
    total = shop.get(f"/campaigns/{made['id']}/report")["total"]
    parts = ("accepted", "refused", "failed", "unknown", "queued", "cancelled")
    assert total["audience"] == sum(total[part] for part in parts)
    page = app
    page.goto(f"/app/campaigns/{made['id']}?tab=people&step=sent")
    expect(page.get_by_role("link", name="Đặng Ánh granted 0", exact=True)).to_be_visible()
    page.get_by_role("button", name="Tạo phân khúc").click()
    dialog = page.get_by_role("dialog")
    name = f"Đã gửi {uuid.uuid4().hex[:6]}"
    dialog.get_by_label("Tên phân khúc").fill(name)
    dialog.get_by_role("button", name="Tạo phân khúc").click()
    expect(page).to_have_url(re.compile(r"/app/segments/"))

    def counted():
        found = [one for one in shop.get("/segments")["items"] if one["name"] == name]
        return found and found[0]["count"]

    count = wait_until(counted, "the segment is computed", 60, every_s=0.3)
    assert count == total["accepted"]


def test_a_campaign_is_paused_resumed_and_cancelled(app, shop, people):
    made = draft(shop, people, rate={"count": 1, "per": "hour"})
    shop.write("POST", f"/campaigns/{made['id']}/launch", {})
    when(shop, made["id"], "sending")
    page = app
    page.goto(f"/app/campaigns/{made['id']}")
    expect(page.get_by_test_id("live-progress")).to_be_visible()
    page.get_by_role("button", name="Tạm dừng").click()
    expect(page.get_by_text("Tạm dừng", exact=True).first).to_be_visible()
    when(shop, made["id"], "paused")
    page.get_by_role("button", name="Gửi tiếp").click()
    when(shop, made["id"], "sending")
    page.get_by_role("button", name="Hủy chiến dịch").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Hủy chiến dịch").click()
    told = when(shop, made["id"], "cancelled")
    assert told["progress"]["cancelled"] > 0
    expect(page.get_by_text("Đã hủy", exact=True).first).to_be_visible()


def test_the_ledger_is_searched_and_explains(app, shop, people):
    sent(shop, people)
    page = app
    page.goto("/app/messages")
    page.get_by_label("Tìm theo tên, email hoặc số điện thoại").fill("dang anh silent 1")
    rows = page.get_by_role("row").filter(has_text="Đặng Ánh silent 1")
    expect(rows.first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="granted")).to_have_count(0)
    expect(rows.first).to_contain_text("Khách chưa đồng ý nhận tin quảng cáo qua kênh này")
    assert_accessible(page)
    page.goto("/app/messages?reason=consent_denied")
    expect(page.get_by_role("row").filter(has_text="Đặng Ánh denied 0").first).to_be_visible()
    states = Counter(one["reason"] for one in shop.all("/messages", reason="consent_denied"))
    assert set(states) == {"consent_denied"}
    page.get_by_role("row").filter(has_text="Đặng Ánh denied 0").first.click()
    expect(page.get_by_text("Vì sao tin này đi hoặc không đi")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Khách đồng ý nhận tin")).to_contain_text("từ chối")
    assert_accessible(page)
    page.goto("/app/messages?state=sent")
    page.get_by_role("row").filter(has_text="granted").first.click()
    expect(page.frame_locator("iframe").get_by_text("giảm 20% cả tuần này")).to_be_visible()


def test_addresses_are_suppressed_and_released_with_a_reason(app, shop):
    page = app
    page.goto("/app/suppressions")
    address = f"chan{uuid.uuid4().hex[:6]}@example.com"
    page.get_by_role("button", name="Chặn một địa chỉ").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Địa chỉ", exact=True).fill(address)
    dialog.get_by_label("Ghi chú").fill("Khách gọi điện")
    dialog.get_by_role("button", name="Chặn địa chỉ").click()
    expect(page.get_by_role("row").filter(has_text=address)).to_contain_text("Cửa hàng chặn")
    page.get_by_label("Tìm theo địa chỉ").fill(address[:9])
    expect(page.get_by_role("row").filter(has_text=address)).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name=f"Bỏ chặn {address}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Bỏ chặn")).to_be_disabled()
    dialog.get_by_label("Vì sao bỏ chặn?").fill("Khách xin nhận lại")
    dialog.get_by_role("button", name="Bỏ chặn").click()
    expect(page.get_by_role("row").filter(has_text=address)).to_have_count(0)
    assert not [one for one in shop.all("/suppressions") if one["address"] == address]


@pytest.mark.parametrize(("language", "scheme", "viewport"), [("vi", "dark", PHONE), ("en", "light", None)])
def test_pages_are_accessible_and_fit(window, shop, people, language, scheme, viewport):
    made = draft(shop, people)
    done = sent(shop, people)
    message = shop.get("/messages", state="sent", limit=1)["items"][0]["id"]
    page = window(language=language, scheme=scheme, viewport=viewport)
    for path in [
        "/campaigns", "/campaigns?view=calendar", "/campaigns/new", f"/campaigns/{done['id']}",
        *(f"/campaigns/{made['id']}/edit?step={step}" for step in ("audience", "content", "schedule", "review")),
        "/messages", f"/messages/{message}", "/outbox", "/suppressions",
    ]:  # fmt: skip
        page.goto(f"/app{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".mantine-Skeleton-root, [aria-busy=true]")).to_have_count(0)
        assert_accessible(page)
        assert_fits(page)
