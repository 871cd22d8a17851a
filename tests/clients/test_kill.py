"""kill -9 under load, again and again: nothing acknowledged is lost, nothing is doubled.

All checks are made from outside: by what the server answered before it died, by what its API says afterwards,
and by what the mail server got.
"""

from __future__ import annotations

import os
import random
import threading
import uuid
from collections import Counter
from time import monotonic

import pytest
import requests

from definitions import ORDER_JOURNEY, ORDER_TEMPLATE
from waiting import wait_until

KILLS = int(os.environ.get("QUAYLAI_TEST_KILLS", "25"))
SHOPPERS = 12
BATCH = 10


class Load:
    """Threads that post batches without pause; what they keep is each message and whether it was acknowledged."""

    def __init__(self, server, seed: int, threads: int = 3):
        self.server = server
        self.acknowledged: dict[str, dict] = {}
        self.unsure: dict[str, dict] = {}
        self.problems: list[str] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(random.Random(seed * 100 + n),), daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _post(self, chance: random.Random) -> None:
        client, http = self.server.client, requests.Session()
        http.trust_env = False
        while not self._stop.is_set():
            batch = [message for _ in range(BATCH) for message in self._messages(chance)]
            by_id = {message["messageId"]: message for message in batch}
            try:
                response = http.post(
                    f"{client.base}/v1/batch", auth=(client.write_key, ""), json={"batch": batch}, timeout=30
                )
            except requests.RequestException:
                with self._lock:
                    self.unsure.update(by_id)
                self._stop.wait(0.02)
                continue
            with self._lock:
                if response.status_code == 200:
                    self.acknowledged.update(by_id)
                elif response.status_code in (429, 503):
                    self.unsure.update(by_id)
                else:
                    self.problems.append(f"{response.status_code}: {response.text[:200]}")

    def _messages(self, chance: random.Random) -> list[dict]:
        def new_id() -> str:
            return f"kill-{uuid.UUID(int=chance.getrandbits(128))}"

        if chance.random() < 0.05:
            # A new customer orders, which starts a journey that sends one mail.
            order_id = new_id()
            user_id = f"buyer-{order_id}"
            traits = {"email": email_of(order_id)}
            return [
                {"type": "identify", "userId": user_id, "messageId": new_id(), "traits": traits},
                {
                    "type": "track",
                    "event": "Order Placed",
                    "userId": user_id,
                    "messageId": order_id,
                    "properties": {"order_id": order_id},
                },
            ]
        return [
            {
                "type": "track",
                "event": "Product Viewed",
                "userId": f"u-{chance.randrange(SHOPPERS)}",
                "messageId": new_id(),
                "properties": {"product_id": f"P-{chance.randrange(50)}"},
            }
        ]


def email_of(order_id: str) -> str:
    return f"{order_id}@example.com"


@pytest.fixture
def shop(make_server, mail):
    server = make_server("kill")
    client = server.start()
    client.use_smtp(mail.host, mail.port)
    client.put_template("order", ORDER_TEMPLATE)
    client.put_journey("order", ORDER_JOURNEY)
    yield server
    server.close()


def stored_ids(client, user_id: str) -> list[str]:
    found = client.profiles(f"user_id:{user_id}")
    return [event["message_id"] for profile in found for event in client.events_of(profile["id"])]


def test_kill_nine_loses_nothing_and_doubles_nothing(shop, mail):
    client = shop.client
    chance = random.Random(20_261_121)
    acknowledged: dict[str, dict] = {}
    unsure: dict[str, dict] = {}
    for round_ in range(KILLS):
        load = Load(shop, seed=round_)
        # Not before something was acknowledged in this life of the process; then at any moment.
        wait_until(lambda: load.acknowledged, f"round {round_}: an acknowledgement", 60)
        until = monotonic() + chance.uniform(0, 0.4)
        wait_until(lambda: monotonic() >= until, "the moment of the kill", 5, every_s=0.005)
        shop.kill()
        load.stop()
        assert not load.problems, load.problems[:5]
        acknowledged.update(load.acknowledged)
        unsure.update(load.unsure)
        shop.start()
    client.settle(120)

    # 1. Everything acknowledged is there, once.
    users = sorted({message["userId"] for message in acknowledged.values()})
    stored = Counter(message_id for user_id in users for message_id in stored_ids(client, user_id))
    lost = [message_id for message_id in acknowledged if stored[message_id] == 0]
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages lost, e.g. {lost[:5]}"
    assert max(stored.values()) == 1, stored.most_common(5)

    # 2. A client that got no answer sends again: now everything is there, still once.
    again = list(unsure.values())
    for start in range(0, len(again), 100):
        answer = client.post_tracking("batch", {"batch": again[start : start + 100]})
        assert answer.status == 200, answer
    client.settle(120)
    everything = acknowledged | unsure
    users = sorted({message["userId"] for message in everything.values()})
    stored = Counter(message_id for user_id in users for message_id in stored_ids(client, user_id))
    assert {i for i in stored if i.startswith("kill-")} == set(everything)
    assert max(stored.values()) == 1, stored.most_common(5)

    # 3. No mail twice, and every buyer's mail is explained: sent, or its fate unknown because the process died
    #    between handing it over and noting the answer.
    orders = [message for message in everything.values() if message.get("event") == "Order Placed"]
    assert orders

    def rows(message: dict) -> list[dict]:
        return client.messages_of(client.profile(f"user_id:{message['userId']}")["id"])

    wait_until(
        lambda: all(any(row["state"] in ("sent", "unknown") for row in rows(message)) for message in orders),
        "every order mail sent or explained",
        120,
        every_s=1,
    )
    for message in orders:
        (row,) = rows(message)
        letters = mail.to(email_of(message["messageId"]))
        assert len(letters) <= 1, (row, len(letters))
        if row["state"] == "sent":
            assert len(letters) == 1, row


def test_an_orderly_stop_and_start_keeps_everything(shop):
    client = shop.client
    ids = [client.track("Product Viewed", {"product_id": f"P-{n}"}, userId="u-stop") for n in range(50)]
    assert shop.stop() == 0, shop.log_tail()
    shop.start()
    client.settle()
    assert Counter(stored_ids(client, "u-stop")) == Counter(ids)
