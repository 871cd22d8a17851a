"""The authorisation of a Zalo account outlives its server: refresh tokens that count once, and kill -9 in between."""

from __future__ import annotations

import os
import random
from time import monotonic, time

import pytest
import requests

from waiting import wait_until
from zalo_server import APP_ID, APP_SECRET, OA_ID, ZaloServer

#: The number that counts is 200; each takes about a second.
KILLS = int(os.environ.get("QUAYLAI_TEST_ZALO_KILLS", "40"))


@pytest.fixture
def zalo():
    running = ZaloServer()
    yield running
    running.close()


@pytest.fixture
def shop(make_server, zalo):
    server = make_server("zalo")
    client = server.start()
    client.write("PATCH", "/settings", {"allow_private_networks": True})
    client.write(
        "PUT",
        "/channels/zalo",
        {
            "provider": "zalo",
            "app_id": APP_ID,
            "app_secret": APP_SECRET,
            "oa_secret_key": "oasecret",
            "oauth_base_url": zalo.base,
            "business_base_url": zalo.base,
            "openapi_base_url": zalo.base,
        },
    )
    yield server
    server.close()


def authorise(shop, zalo) -> None:
    url = shop.client.write("POST", "/channels/zalo/authorise", {})["url"]
    back = zalo.consent(url)
    answer = requests.get(back, allow_redirects=False, timeout=30)
    assert answer.status_code == 303 and answer.headers["location"].endswith("?authorised=yes"), answer.headers
    # It counts once.
    again = requests.get(back, allow_redirects=False, timeout=30)
    assert "authorised=no&why=" in again.headers["location"], again.headers


def authorisation(shop) -> dict:
    return shop.client.get("/channels/zalo/status")["authorisation"]


def send(shop) -> dict:
    body = {"to": "0901234567", "parameters": {"customer_name": "An"}}
    return shop.client.write("POST", "/channels/zalo/templates/320131/test", body)


ORDER = {
    "name": "Đơn hàng",
    "channel": "zalo",
    "purpose": "transactional",
    "body": {
        "kind": "zns",
        "source": {
            "template_id": "320131",
            "title": "Đơn hàng của bạn",
            "paragraphs": ["Chào <customer_name>, đơn <order_code> đang giao."],
            "params": {"customer_name": "{{ customer.given_name }}", "order_code": "DH01"},
        },
    },
}


def order(shop, key: str) -> dict:
    """A message through the ledger, sent: its row."""
    client = shop.client
    client.put_template("order", ORDER)
    client.identify("buyer", {"phone": "0901234567", "first_name": "Bình"})
    client.settle()
    row = client.write("POST", "/messages", {"template": "order", "identifier": "user_id:buyer", "key": key})

    def sent() -> dict | None:
        now = client.get(f"/messages/{row['id']}")
        assert now["state"] in ("queued", "sending", "sent"), now
        return now if now["state"] == "sent" else None

    return wait_until(sent, "the message sent", 30)


def test_a_message_goes_out_and_its_delivery_is_told(shop, zalo):
    authorise(shop, zalo)
    row = order(shop, "one")
    (message,) = zalo.messages
    assert message["phone"] == "84901234567" and "mode" not in message, message
    assert message["template_data"] == {"customer_name": "Bình", "order_code": "DH01"}
    assert message["tracking_id"] == row["id"]
    url = shop.client.get("/channels/zalo/status")["webhook_url"]
    now_ms = int(time() * 1_000)
    assert zalo.report(url, "oasecret", message, now_ms, mac="mac=00") == 401
    assert zalo.report(url, "oasecret", message, now_ms - 24 * 3_600_000) == 401
    # Zalo tells again what was not answered in time.
    assert [zalo.report(url, "oasecret", message, now_ms) for _ in range(3)] == [200, 200, 200]
    told = wait_until(
        lambda: shop.client.get(f"/messages/{row['id']}").get("delivered_at"), "its delivery in the ledger", 30
    )
    assert told, row
    assert zalo.faults == []


def test_a_template_that_zalo_takes_back_stops_what_sends_it(shop, zalo):
    authorise(shop, zalo)
    client = shop.client
    assert len(client.write("POST", "/channels/zalo/templates/sync", {})["items"]) == 3
    client.put_template("order", ORDER)

    def journey(name: str) -> str:
        send = {"type": "send", "channel": "zalo", "template": "order", "purpose": "transactional"}
        trigger = {"type": "event", "event": f"Order {name}"}
        definition = {"schema": 1, "name": name, "trigger": trigger, "start": "send", "nodes": {"send": send}}
        client.put_journey(name, definition)
        return next(one["id"] for one in client.get("/journeys")["items"] if one["name"] == name)

    first, second = journey("first"), journey("second")
    draft = {
        "name": "Báo đơn",
        "channel": "zalo",
        "template": "order",
        "purpose": "transactional",
        "audience": {"everybody": True},
        "schedule": {"type": "at", "at": "2040-01-01T09:00:00+07:00"},
    }
    campaign = client.write("POST", "/campaigns", draft)["id"]
    client.write("POST", f"/campaigns/{campaign}/launch", {})
    url = client.get("/channels/zalo/status")["webhook_url"]
    now_ms = int(time() * 1_000)

    def states() -> list[str]:
        journeys = [client.get(f"/journeys/{one}")["status"] for one in (first, second)]
        return [*journeys, client.get(f"/campaigns/{campaign}")["state"]]

    # Nobody believes what Zalo did not sign.
    assert zalo.turn(url, "oasecret", "320131", "REJECT", now_ms, mac="mac=00") == 401
    assert zalo.turn(url, "another", "320131", "REJECT", now_ms) == 401
    # Of another template, and of this one that it is as good as before.
    assert zalo.turn(url, "oasecret", "320133", "REJECT", now_ms) == 200
    assert zalo.turn(url, "oasecret", "320131", "ENABLE", now_ms) == 200
    client.settle()
    assert states() == ["active", "active", "scheduled"]
    assert zalo.turn(url, "oasecret", "320131", "DISABLE", now_ms + 1) == 200
    wait_until(lambda: states() == ["paused"] * 3, "all that sends it stands still", 30)
    said = "Zalo 320131 DISABLE: Nội dung không đúng mục đích"
    assert client.get(f"/journeys/{first}")["detail"] == client.get(f"/campaigns/{campaign}")["detail"] == said
    kinds = [alert["kind"] for alert in client.get("/reports/attention")["alerts"]]
    assert kinds.count("journey_stopped") == 2 and kinds.count("campaign_stopped") == 1, kinds
    listed = {one["template_id"]: one["status"] for one in client.get("/channels/zalo/templates")["items"]}
    assert listed == {"320131": "DISABLE", "320132": "PENDING_REVIEW", "320133": "REJECT"}
    # What a marketer lets go on is not stopped by the same telling, also after a crash.
    client.write("POST", f"/journeys/{first}/resume", {})
    assert zalo.turn(url, "oasecret", "320131", "DISABLE", now_ms + 1) == 200
    shop.kill()
    shop.start()
    assert zalo.turn(url, "oasecret", "320131", "DISABLE", now_ms + 1) == 200
    client.settle()
    assert states() == ["active", "paused", "paused"]
    # That it is good again is no reason to send what stood still.
    assert zalo.turn(url, "oasecret", "320131", "ENABLE", now_ms + 2) == 200
    client.settle()
    assert states() == ["active", "paused", "paused"]
    assert zalo.faults == []


def test_an_account_is_authorised_and_its_token_renewed(shop, zalo):
    assert authorisation(shop)["state"] == "missing"
    assert shop.client.write("POST", "/channels/zalo/check", {})["ok"] is False
    authorise(shop, zalo)
    status = shop.client.get("/channels/zalo/status")
    assert status["authorisation"]["state"] == "good" and status["authorisation"]["account_id"] == OA_ID, status
    assert status["quota"] == {"daily": 500, "remaining": 499}
    assert status["redirect_url"] == f"{shop.base}/hooks/zalo/authorised"
    checked = shop.client.write("POST", "/channels/zalo/check", {})
    assert checked["ok"] is True and "499 of 500" in checked["detail"], checked
    wait_until(lambda: zalo.renewals >= 2, "tokens renewed as they age", 30)
    # A token that is refused before its time is renewed at once, and the message goes out.
    zalo.expire()
    assert send(shop)["ok"] is True
    assert (zalo.used_twice, zalo.faults) == (0, [])
    assert zalo.messages[0]["phone"] == "84901234567" and zalo.messages[0]["mode"] == "development"


def test_the_authorisation_survives_kill_nine(shop, zalo):
    authorise(shop, zalo)
    chance = random.Random(20_261_122)
    before = zalo.renewals
    for round_ in range(KILLS):
        if round_ % 2:
            # While a renewal is under way: Zalo has taken the token, and its answer is on its way or about to be.
            zalo.renewing.clear()
            wait_until(zalo.renewing.is_set, f"round {round_}: a renewal", 30, every_s=0.002)
            delay = chance.uniform(0, 0.1)
        else:
            delay = chance.uniform(0, 1.2)
        until = monotonic() + delay
        wait_until(lambda: monotonic() >= until, "the moment of the kill", 5, every_s=0.002)
        shop.kill()
        shop.start()
        assert zalo.used_twice == 0, f"round {round_}"
    assert zalo.renewals - before >= KILLS // 2, "the kills met no renewals"
    after = zalo.renewals
    wait_until(lambda: zalo.renewals > after, "a renewal after the last kill", 60)
    told = authorisation(shop)
    assert told["state"] == "good", told
    order(shop, "last")
    assert len(zalo.messages) == 1
    assert (zalo.used_twice, zalo.faults) == (0, [])
