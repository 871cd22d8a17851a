"""eSMS tells what became of a batch only when it is asked: it is, until it has told, over kills, errors and limits."""

from __future__ import annotations

import pytest

from esms_server import API_KEY, BRANDNAME, SECRET_KEY, EsmsServer
from waiting import wait_until, zone_where_it_is_noon

MINUTES = 60_000
HOURS = 60 * MINUTES
PEOPLE = 31


@pytest.fixture
def esms():
    running = EsmsServer()
    yield running
    running.close()


@pytest.fixture
def shop(make_server, esms):
    server = make_server("esms")
    client = server.start()
    client.write("PATCH", "/settings", {"allow_private_networks": True, "time_zone": zone_where_it_is_noon()})
    client.write(
        "PUT",
        "/channels/sms",
        {
            "provider": "esms",
            "api_key": API_KEY,
            "secret_key": SECRET_KEY,
            "brandname": BRANDNAME,
            "base_url": esms.base,
        },
    )
    client.put_template("offer", {"channel": "sms", "body": {"text": "Giam 20% hom nay"}})
    care = {"channel": "sms", "purpose": "transactional", "body": {"text": "Don hang cua ban dang giao"}}
    client.put_template("order", care)
    yield server
    server.close()


def number_of(number: int) -> str:
    return f"9{number:08d}"


def write_to(client, number: int, template: str) -> str:
    asked = {"template": template, "identifier": f"user_id:k{number}", "key": f"{template} {number}"}
    return client.write("POST", "/messages", asked)["id"]


def later(server, ms: int) -> None:
    """A power cut, and so much time until somebody switches it on again."""
    server.kill()
    server.pass_time(ms)
    server.start()


def test_a_provider_is_asked_until_it_has_told(shop, esms):
    client = shop.client
    wanted = [{"channel": "sms", "state": "granted"}]
    people = [
        {"type": "identify", "userId": f"k{one}", "messageId": f"m{one}", "traits": {"phone": f"+84{number_of(one)}", "consents": wanted}}
        for one in range(PEOPLE)
    ]
    assert client.post_tracking("batch", {"batch": people}).status == 200
    client.settle()
    ids = [write_to(client, number, "offer") for number in range(PEOPLE)]

    def rows() -> list[dict]:
        return [client.get(f"/messages/{one}") for one in ids]

    def all_in(*states: str) -> bool:
        return all(row["state"] in states and row["attempts"] + bool(row["reason"]) for row in rows())

    # One by one they are too few for eSMS; a quarter of an hour later they go out together.
    wait_until(lambda: all_in("queued", "sent"), "the advertisements wait for company", 60)
    later(shop, 16 * MINUTES)
    wait_until(lambda: all_in("sent"), "the batch is sent", 60)
    assert esms.questions() == 0, "nothing is asked of what was sent a moment ago"
    (batch,) = esms.taken
    assert sorted(esms.taken[batch]) == sorted(f"84{number_of(one)}" for one in range(PEOPLE))

    def unsettled() -> int:
        return sum(row["state"] == "sent" and not row["delivered_at"] for row in rows())

    def is_asked(times: int, what: str) -> None:
        wait_until(lambda: esms.asked[batch] >= times, what, 60)
        assert esms.asked[batch] == times, what

    # Killed between the question and its answer.
    esms.mood = "hangs"
    later(shop, 11 * MINUTES)
    wait_until(esms.hanging.is_set, "the question", 60)
    shop.kill()
    shop.start()
    assert unsettled() == PEOPLE
    # Limited, broken: nothing is settled by that, and each time it is asked once.
    for mood, wait_ms, times in (("limits", 20 * MINUTES, 2), ("breaks", 2 * HOURS, 3)):
        esms.mood = mood
        later(shop, wait_ms)
        is_asked(times, mood)
        assert unsettled() == PEOPLE, mood
    esms.mood = "tells"
    esms.arrived = {number_of(one) for one in range(PEOPLE - 2)}
    esms.lost = {number_of(PEOPLE - 2)}
    later(shop, 4 * HOURS)
    is_asked(4, "it tells")
    wait_until(lambda: unsettled() == 1, "what it told is in the ledger", 60)
    told = rows()
    assert [row["state"] for row in told] == ["sent"] * (PEOPLE - 2) + ["failed", "sent"]
    assert told[PEOPLE - 2]["reason"] == "refused_by_provider", told[PEOPLE - 2]
    # Of the last one nothing is known: it is asked for less and less often, and at last no more.
    for times, hours in ((5, 12), (6, 30), (7, 48), (8, 64)):
        later(shop, hours * HOURS)
        is_asked(times, f"question {times}")
    care = write_to(client, 0, "order")
    wait_until(lambda: client.get(f"/messages/{care}")["state"] == "sent", "a message about an order", 60)
    later(shop, 24 * HOURS)
    (other,) = set(esms.taken) - {batch}
    wait_until(lambda: client.get(f"/messages/{care}")["delivered_at"], "its delivery", 60)
    assert (esms.asked[batch], esms.asked[other]) == (8, 1)
    # Each was settled once.
    for number, row in enumerate(rows()):
        lines = [line["what"] for line in row["log"]].count
        arrived, lost = lines("delivered"), lines("refused_by_provider")
        assert (arrived, lost) == (number < PEOPLE - 2, number == PEOPLE - 2), row["log"]
    assert esms.faults == []
