"""Campaigns over HTTP: written, checked, launched, halted, reported; and a server that dies on the way."""

from __future__ import annotations

import os
import random
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
import requests

from definitions import mjml
from waiting import wait_until

PEOPLE = int(os.environ.get("QUAYLAI_TEST_CAMPAIGN_PEOPLE", "3000"))
KILLS = 5

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


@pytest.fixture
def shop(quaylai, mail):
    quaylai.use_smtp(mail.host, mail.port)
    quaylai.put_template("women", TEMPLATE)
    return quaylai


def new_person(client, consents=GRANTED, **traits) -> str:
    """The address of a customer who was never seen before."""
    name = f"p{uuid.uuid4().hex[:10]}"
    client.identify(name, {"email": f"{name}@example.com", "consents": consents, **traits})
    client.settle()
    return f"{name}@example.com"


def new_list(client, *addresses: str) -> str:
    """A list with these people on it."""
    made = client.write("POST", "/lists", {"name": f"Danh sách {uuid.uuid4().hex[:6]}"})
    for address in addresses:
        profile = client.profile(f"email:{address}")
        client.write("POST", f"/lists/{made['id']}/members", {"add": [profile["id"]]})
    client.settle()
    return made["id"]


def campaign(audience: dict, **more) -> dict:
    return {"name": "Quà 8/3", "template": "women", "audience": audience, **more}


def launched(client, definition: dict) -> dict:
    made = client.write("POST", "/campaigns", definition)
    return client.write("POST", f"/campaigns/{made['id']}/launch", {})


def when_done(client, campaign_id: str, deadline_s: float = 60) -> dict:
    def done():
        told = client.get(f"/campaigns/{campaign_id}")
        return told if told["state"] == "done" else None

    return wait_until(done, f"the campaign {campaign_id} is done", deadline_s, every_s=0.2)


def adds_up(counts: dict) -> bool:
    parts = ("accepted", "refused", "failed", "unknown", "queued", "cancelled")
    return counts["audience"] == sum(counts[part] for part in parts)


def test_a_campaign_reaches_its_list_and_is_reported(shop, mail):
    an, binh = new_person(shop, name="An"), new_person(shop, name="Bình")
    silent = new_person(shop, consents=[])
    made = launched(shop, campaign({"lists": [new_list(shop, an, binh, silent)]}, utm={"campaign": "8-3"}))
    told = when_done(shop, made["id"])["progress"]
    assert (told["audience"], told["accepted"], told["refused_by"]) == (3, 2, {"no_consent": 1}), told
    assert told["percent"] == 100.0 and adds_up(told)
    (letter,) = mail.to(an)
    assert letter.message["subject"] == "An ơi, quà 8/3 đây"
    assert not mail.to(silent)

    (row,) = [row for row in shop.messages_of(shop.profile(f"email:{an}")["id"]) if row["campaign_id"]]
    assert (row["campaign_id"], row["campaign_run"], row["origin"]) == (made["id"], 1, "campaign")
    (link,) = shop.get(f"/messages/{row['id']}")["body"]["links"][:1]
    assert "utm_campaign=8-3" in link

    refused = list(shop.all(f"/campaigns/{made['id']}/messages", state="refused", limit=1))
    assert [(row["profile_id"], row["reason"]) for row in refused] == [
        (shop.profile(f"email:{silent}")["id"], "no_consent")
    ]
    assert len(list(shop.all(f"/campaigns/{made['id']}/messages", state="sent", limit=1))) == 2

    report = shop.get(f"/campaigns/{made['id']}/report")
    assert report["run_count"] == 1 and report["total"]["accepted"] == 2 and adds_up(report["total"])
    (run,) = report["runs"]
    assert sum(hour["accepted"] for hour in run["timeline"]) == 2


def test_a_click_and_the_order_after_it_are_credited(shop, mail):
    an = new_person(shop, name="An")
    made = launched(shop, campaign({"lists": [new_list(shop, an)]}))
    when_done(shop, made["id"])
    (letter,) = mail.to(an)
    clicks = [word.strip("()") for word in letter.part("plain").split() if "/e/c/" in word]
    answer = shop._http.get(
        clicks[0],
        headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"},
        allow_redirects=False,
        timeout=10,
    )
    assert answer.status_code in (302, 303, 307), answer.status_code
    user_id = an.split("@")[0]
    report = lambda: shop.get(f"/campaigns/{made['id']}/report")["total"]
    clicked = wait_until(lambda: (told := report())["clicked"] and told, "the click is counted", 10)
    assert clicked["orders"] == 0
    order = {"order_id": f"o-{uuid.uuid4()}", "total": 250_000, "currency": "VND"}
    shop.track("Order Completed", order, userId=user_id)
    told = wait_until(lambda: (told := report())["orders"] and told, "the order is credited", 10)
    assert (told["orders"], told["revenue"]) == (1, 250_000)
    (link,) = shop.get(f"/campaigns/{made['id']}/report")["runs"][0]["links"]
    assert link["people"] == 1 and link["url"].startswith("https://aodaihanh.example/uu-dai")


def test_who_will_not_get_it_is_told_before(shop, mail):
    an, silent = new_person(shop, name="An"), new_person(shop, consents=[])
    left_out = new_person(shop)
    wanted, unwanted = new_list(shop, an, silent, left_out), new_list(shop, left_out)
    made = shop.write("POST", "/campaigns", campaign({"lists": [wanted]}, exclude={"lists": [unwanted]}))
    started = shop.request("POST", f"/campaigns/{made['id']}/check", json={})
    assert started.status == 202 and started.body["state"] in ("running", "done")

    def done():
        told = shop.get(f"/campaigns/{made['id']}/check")
        return told if told["state"] != "running" else None

    told = wait_until(done, "the check is done", 20)
    assert told["state"] == "done" and told["done"] == told["total"] == 2, told
    result = told["result"]
    assert (result["named"], result["audience"], result["goes"]) == (3, 2, 1)
    silent_id = shop.profile(f"email:{silent}")["id"]
    assert result["refused"] == [{"reason": "no_consent", "people": 1, "sample": [silent_id]}]
    assert [(left["reason"], left["people"]) for left in result["excluded"]] == [("excluded_list", 1)]
    assert result["rendered"] == 1 and result["problems"] == []
    assert not mail.to(an), "a check sends nothing"

    # A value that some people lack, and that has no default.
    lacking = {**TEMPLATE, "name": "Thiếu", "subject": "Hạng {{ customer.tier }}"}
    shop.put_template("lacking", lacking)
    changed = {**campaign({"lists": [wanted]}), "template": "lacking"}
    shop.write("PUT", f"/campaigns/{made['id']}", changed)
    shop.write("POST", f"/campaigns/{made['id']}/check", {})
    result = wait_until(done, "the check is done", 20)["result"]
    assert result["problems"] and result["problems"][0]["code"] == "value_missing"


def test_what_is_missing_is_told_at_once(shop):
    def problem(answer) -> tuple:
        return answer.status, answer.body.get("code"), [p["field"] for p in answer.body.get("problems", [])]

    def post(body):
        return problem(shop.request("POST", "/campaigns", json=body))

    assert post({}) == (422, "invalid_campaign", [])
    assert post({"name": "a", "colour": 1})[:2] == (422, "invalid_campaign")
    assert post({"name": "a", "channel": "webhook"}) == (422, "invalid_campaign", ["channel"])
    weekly = {"type": "recurring", "every": "week", "time": "25:00"}
    assert post({"name": "a", "schedule": weekly})[2] == ["schedule.time", "schedule.weekdays"]

    draft = shop.write("POST", "/campaigns", {"name": "Trống"})
    launch = lambda of: problem(shop.request("POST", f"/campaigns/{of}/launch", json={}))
    assert launch(draft["id"]) == (422, "campaign_incomplete", ["template", "audience"])
    wrong = {"name": "Sai", "template": "none", "audience": {"segments": ["x"], "lists": ["y"]}}
    shop.write("PUT", f"/campaigns/{draft['id']}", wrong)
    fields = ["template", "audience.segments", "audience.lists"]
    assert launch(draft["id"]) == (422, "campaign_incomplete", fields)
    past = campaign({"everybody": True}, schedule={"type": "at", "at": "2020-01-01T00:00:00Z"})
    shop.write("PUT", f"/campaigns/{draft['id']}", past)
    assert launch(draft["id"])[:2] == (422, "schedule_is_past")
    for step in ("pause", "resume", "cancel"):
        answer = shop.request("POST", f"/campaigns/{draft['id']}/{step}", json={})
        assert (answer.status, answer.body["code"]) == (409, "campaign_state"), (step, answer)
    assert shop.request("DELETE", f"/campaigns/{draft['id']}").status == 204
    assert shop.request("GET", f"/campaigns/{draft['id']}").status == 404


def test_a_scheduled_campaign_is_edited_listed_duplicated_and_cancelled(shop):
    at = (datetime.now(timezone.utc) + timedelta(days=2)).isoformat(timespec="seconds")
    made = launched(shop, campaign({"everybody": True}, schedule={"type": "at", "at": at}, name="Tết Đinh Mùi"))
    assert made["state"] == "scheduled" and made["next_at"] is not None
    weekly = {"type": "recurring", "every": "week", "weekdays": ["mon", "thu"], "time": "09:00"}
    edited = campaign({"everybody": True}, schedule=weekly, name="Tết Đinh Mùi")
    told = shop.write("PUT", f"/campaigns/{made['id']}", edited)
    assert told["state"] == "scheduled" and told["next_at"] != made["next_at"]
    assert told["schedule"].startswith("thứ Hai và thứ Năm hằng tuần lúc 09:00")

    found = [row["id"] for row in shop.all("/campaigns", search="tet dinh", state="scheduled")]
    assert made["id"] in found
    everything = [row["id"] for row in shop.all("/campaigns", limit=1)]
    assert len(everything) == len(set(everything)) and made["id"] in everything

    copy = shop.write("POST", f"/campaigns/{made['id']}/duplicate", {})
    assert (copy["name"], copy["state"], copy["runs"]) == ("Tết Đinh Mùi (2)", "draft", 0)
    assert shop.write("POST", f"/campaigns/{made['id']}/pause", {})["state"] == "paused"
    assert shop.write("POST", f"/campaigns/{made['id']}/resume", {})["state"] == "scheduled"
    assert shop.write("POST", f"/campaigns/{made['id']}/cancel", {})["state"] == "cancelled"
    again = shop.request("POST", f"/campaigns/{made['id']}/launch", json={})
    assert (again.status, again.body["code"]) == (409, "campaign_state")


def test_a_campaign_is_paused_resumed_and_cancelled_on_the_way(shop, mail):
    people = [new_person(shop) for _ in range(6)]
    rate = {"count": 60, "per": "minute"}
    made = launched(shop, campaign({"lists": [new_list(shop, *people)]}, rate=rate))
    path = f"/campaigns/{made['id']}"
    # A campaign has no progress before its run began.
    accepted = lambda: (shop.get(path).get("progress") or {}).get("accepted", 0)
    wait_until(lambda: accepted() >= 2, "two mails", 20)
    paused = shop.write("POST", f"{path}/pause", {})
    assert paused["state"] == "paused"
    # What was being handed over at that moment ends; after that nothing moves.
    held = wait_until(
        lambda: (told := shop.get(path)["progress"]) and told["accepted"] == accepted() and told, "rest", 10
    )
    assert adds_up(held) and held["queued"] > 0
    renamed = {**made["definition"], "name": "Tên khác"}
    assert shop.write("PUT", path, renamed)["name"] == "Tên khác"
    other = {**renamed, "audience": {"everybody": True, "lists": []}}
    refused = shop.request("PUT", path, json=other)
    assert (refused.status, refused.body["code"]) == (409, "campaign_state")
    assert shop.write("POST", f"{path}/resume", {})["state"] == "sending"
    wait_until(lambda: accepted() > held["accepted"], "it goes on", 20)
    cancelled = shop.write("POST", f"{path}/cancel", {})
    assert cancelled["state"] == "cancelled"
    told = wait_until(lambda: (told := shop.get(path)["progress"])["queued"] == 0 and told, "rest", 20)
    assert adds_up(told) and told["cancelled_by"].get("campaign_cancelled", 0) > 0
    assert sum(len(mail.to(address)) for address in people) == told["accepted"]


def test_a_test_goes_to_the_address_given_and_counts_for_nothing(shop, mail):
    an = new_person(shop, consents=[], name="An")
    made = shop.write("POST", "/campaigns", campaign({"everybody": True}))
    to = f"boss-{uuid.uuid4().hex[:6]}@example.com"
    sent = shop.request("POST", f"/campaigns/{made['id']}/test", json={"identifier": f"email:{an}", "to": to})
    assert (sent.status, sent.body["origin"]) == (202, "test")
    (letter,) = mail.wait_for(to)
    assert letter.message["subject"] == "An ơi, quà 8/3 đây"
    assert shop.get(f"/campaigns/{made['id']}")["runs"] == 0


@pytest.mark.parametrize("scopes, allowed", [("read", ["GET"]), ("write", ["POST"])])
def test_scopes_are_asked(shop, scopes, allowed):
    key = shop.write("POST", "/keys", {"kind": "secret", "name": "thử", "scopes": [scopes]})["key"]
    headers = {"authorization": f"Bearer {key}"}
    body = {"name": f"Bản nháp {uuid.uuid4().hex[:6]}"}
    assert (shop.request("GET", "/campaigns", headers=headers).status == 200) == ("GET" in allowed)
    posted = shop.request("POST", "/campaigns", headers=headers, json=body)
    assert (posted.status == 201) == ("POST" in allowed), posted
    made = shop.write("POST", "/campaigns", body)
    launched = shop.request("POST", f"/campaigns/{made['id']}/launch", headers=headers, json={})
    assert (launched.status, launched.body["code"]) == (403, "scope_missing")


def test_kill_nine_on_the_way_each_gets_it_once(make_server, mail):
    """Kills the server five times while a campaign goes out. Whoever the mail server has, it has once; the ledger knows
    of everybody; only where the process died between handing a mail over and noting the answer nobody can say."""
    server = make_server("campaign-kill")
    client = server.start()
    client.use_smtp(mail.host, mail.port)
    client.put_template("women", TEMPLATE)
    for start in range(0, PEOPLE, 100):
        numbers = range(start, min(start + 100, PEOPLE))
        batch = [
            {
                "type": "identify",
                "userId": f"u{n}",
                "messageId": f"m{n}",
                # Every tenth never agreed.
                "traits": {"email": f"u{n}@example.com", "consents": GRANTED if n % 10 else []},
            }
            for n in numbers
        ]
        assert client.post_tracking("batch", {"batch": batch}).status == 200
    client.settle(60 + PEOPLE / 200)

    made = launched(client, campaign({"everybody": True}))
    chance = random.Random(20_261_122)
    for kill in range(KILLS):
        # Not before it went on in this life of the process, and not when it is all but over.
        seen = len(mail.mails)
        goal = min(seen + 20 + chance.randrange(PEOPLE // 10), PEOPLE * 9 // 10 - 100)
        wait_until(lambda: len(mail.mails) > goal, f"mails before kill {kill}", 120, every_s=0.005)
        server.kill()
        server.start()
    done = when_done(client, made["id"], 120 + PEOPLE / 50)["progress"]

    consenting = PEOPLE - (PEOPLE + 9) // 10
    assert done["audience"] == PEOPLE and adds_up(done), done
    assert done["refused_by"] == {"no_consent": PEOPLE - consenting}
    assert done["accepted"] + done["unknown"] == consenting and done["queued"] == 0
    letters = Counter(mail.recipients[0] for mail in mail.mails)
    assert max(letters.values()) == 1, letters.most_common(3)
    # Each that the ledger calls accepted is there; of the unknown ones some are.
    assert done["accepted"] <= len(letters) <= consenting
    assert done["unknown"] <= KILLS * 128, "no more than were under way"
    report = client.get(f"/campaigns/{made['id']}/report")["total"]
    assert {key: report[key] for key in ("audience", "accepted", "refused", "unknown")} == {
        key: done[key] for key in ("audience", "accepted", "refused", "unknown")
    }
    server.close()


def test_a_refusal_leaves_the_connection_to_the_next_request(shop):
    made = shop.write("POST", "/keys", {"kind": "secret", "name": "reads", "scopes": ["read"]})
    body = {"name": "x" * 20_000}
    with requests.Session() as one:
        one.trust_env = False
        one.headers["authorization"] = f"Bearer {made['key']}"
        answers = [one.post(f"{shop.base}/api/v1/campaigns", json=body, timeout=10).status_code for _ in range(100)]
    assert answers == [403] * 100
