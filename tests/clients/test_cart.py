"""A forgotten cart, from the shop's page to the mailbox, and back by the link in the mail."""

from __future__ import annotations

import re
import uuid

import pytest
import requests

from definitions import CART_JOURNEY, CART_TEMPLATE
from sdk_story import AO_DAI, NON_LA, segment_python
from waiting import wait_until

LANDING = "https://aodaihanh.example/gio-hang"


@pytest.fixture
def shop(quaylai, mail):
    quaylai.use_smtp(mail.host, mail.port)
    quaylai.put_template("cart", CART_TEMPLATE)
    quaylai.put_journey("cart", CART_JOURNEY)
    return quaylai


def shopper(shop, *, consent: bool) -> tuple[str, str, str]:
    """A known customer: user id, e-mail and profile id."""
    nonce = uuid.uuid4().hex[:10]
    user_id, email = f"khach-{nonce}", f"khach.{nonce}@example.com"
    shop.identify(user_id, {"email": email, "firstName": "Bình"})
    shop.settle()
    profile_id = shop.profile(f"user_id:{user_id}")["id"]
    if consent:
        shop.grant_consent(profile_id)
    return user_id, email, profile_id


def fill_cart(shop, user_id: str) -> None:
    cart = f"C-{user_id}"
    segment_python(
        shop.base,
        shop.write_key,
        [
            {"call": "track", "userId": user_id, "event": "Product Added", "properties": {**product, "cart_id": cart}}
            for product in (AO_DAI, NON_LA)
        ],
    )


def cart_rows(shop, profile_id: str) -> list[dict]:
    return [row for row in shop.messages_of(profile_id) if row["template"] == "cart"]


def test_the_cart_mail_is_sent_clicked_and_not_repeated(shop, mail):
    user_id, email, profile_id = shopper(shop, consent=True)
    fill_cart(shop, user_id)

    (letter,) = mail.wait_for(email)
    assert letter.message["subject"] == "Bình ơi, giỏ hàng vẫn chờ"
    for product in (AO_DAI, NON_LA):
        assert product["name"] in letter.part("html")
        assert product["name"] in letter.part("plain")
    assert letter.message["list-unsubscribe"], "a marketing mail carries one-click unsubscribe"
    assert letter.message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert email not in re.sub(r"(?im)^to:.*$", "", letter.message["list-unsubscribe"])

    links = re.findall(rf'href="({re.escape(shop.base)}/e/[^"]+)"', letter.part("html"))
    followed = [
        requests.get(link.replace("&amp;", "&"), allow_redirects=False, timeout=10, headers={"user-agent": "Mozilla/5.0"})
        for link in links
    ]
    landed = [answer for answer in followed if answer.headers.get("location", "").startswith(LANDING)]
    assert len(landed) == 1, [(a.status_code, a.headers.get("location")) for a in followed]
    assert landed[0].status_code in (302, 303, 307)

    def clicked() -> bool:
        return any(event["name"] == "Email Link Clicked" for event in shop.events_of(profile_id))

    wait_until(clicked, "the click comes back as an event")

    shop.track("Order Completed", {"order_id": f"DH-{user_id}", "total": 1_130_000, "currency": "VND"}, userId=user_id)
    shop.settle()
    (order,) = shop.orders_of(profile_id)
    assert order["total"] == 1_130_000

    (row,) = cart_rows(shop, profile_id)
    assert row["state"] in ("sent", "delivered", "clicked"), row
    assert len(mail.to(email)) == 1, "no second mail"


def test_a_purchase_in_time_keeps_the_mail_away(shop, mail):
    user_id, email, profile_id = shopper(shop, consent=True)
    fill_cart(shop, user_id)
    shop.track("Order Completed", {"order_id": f"DH-{user_id}", "total": 890_000, "currency": "VND"}, userId=user_id)
    # Somebody who filled a cart after the buyer did, and left it, gets the mail: by then the buyer's had been due too.
    other_id, other_email, _ = shopper(shop, consent=True)
    fill_cart(shop, other_id)
    mail.wait_for(other_email)
    assert mail.to(email) == []
    assert all(row["state"] != "sent" for row in cart_rows(shop, profile_id))


def test_without_consent_the_ledger_says_no_and_why(shop, mail):
    user_id, email, profile_id = shopper(shop, consent=False)
    fill_cart(shop, user_id)

    def decided() -> list[dict]:
        return [row for row in cart_rows(shop, profile_id) if row["state"] != "queued"]

    (row,) = wait_until(decided, "a decision about the cart mail")
    assert row["state"] == "refused", row
    assert "consent" in row["reason"], row
    assert mail.to(email) == []
