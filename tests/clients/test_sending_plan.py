"""A sending domain that is new: so many advertisements a day, the rest waits; what a person did is told at once."""

from __future__ import annotations

from collections import Counter

from test_campaigns import TEMPLATE, campaign, launched, new_list, new_person
from waiting import wait_until

DOMAIN = "aodaihanh.example"


def states_of(client, people: list[str]) -> Counter:
    found = Counter()
    for person in people:
        for row in client.messages_of(client.profile(f"email:{person}")["id"]):
            found[(row["state"], row["reason"])] += 1
    return found


def test_what_is_beyond_the_day_waits(quaylai, mail):
    quaylai.use_smtp(mail.host, mail.port)
    quaylai.put_template("women", TEMPLATE)
    quaylai.write("POST", "/domains", {"domain": DOMAIN})
    bad = quaylai.request("PUT", f"/domains/{DOMAIN}/plan", json={"daily": [5, 3]})
    assert bad.status == 422 and "daily" in str(bad.body), bad
    plan = quaylai.write("PUT", f"/domains/{DOMAIN}/plan", {"daily": [2, 100]})
    assert plan["progress"] == {"day": 1, "days": 2, "today_max": 2, "today_sent": 0}, plan
    people = [new_person(quaylai) for _ in range(4)]
    launched(quaylai, campaign({"lists": [new_list(quaylai, *people)]}))
    expect = Counter({("sent", ""): 2, ("queued", "warm_up"): 2})
    wait_until(lambda: states_of(quaylai, people) == expect, "two go and two wait", 60)
    assert quaylai.get(f"/domains/{DOMAIN}/plan")["progress"]["today_sent"] == 2
    assert len([m for m in mail.mails if m.recipients[0] in people]) == 2

    # What is no advertisement goes all the same.
    buyer = new_person(quaylai)
    profile = quaylai.profile(f"email:{buyer}")["id"]
    quaylai.write("POST", "/messages", {"profile_id": profile, "template": "women", "purpose": "transactional"})
    mail.wait_for(buyer)

    # Receivers have limits of their own.
    quaylai.write("PUT", f"/domains/{DOMAIN}/plan", {"receivers": [{"domain": "example.com", "per_hour": 1}]})
    late = [new_person(quaylai) for _ in range(3)]
    launched(quaylai, campaign({"lists": [new_list(quaylai, *late)]}, name="Lần hai"))
    wait_until(lambda: states_of(quaylai, late)[("queued", "domain_throttled")] >= 2, "the receiver's hour is full", 60)
    assert states_of(quaylai, late)[("sent", "")] <= 1
    assert quaylai.request("DELETE", f"/domains/{DOMAIN}/plan").status == 204
