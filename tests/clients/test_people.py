"""Staff and their roles, what people ask about their own data, and what is kept for how long: the real server."""

from __future__ import annotations

import sqlite3
import uuid

import pytest
import requests

from definitions import mjml
from quaylai_client import Quaylai
from waiting import wait_until

PASSWORD = "một mật khẩu đủ dài"


class Staff:
    """Somebody who is signed in, as a browser would be."""

    def __init__(self, base: str):
        self.base = base
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["origin"] = base

    def ask(self, method: str, path: str, body: dict | None = None) -> requests.Response:
        return self.http.request(method, f"{self.base}/api/v1{path}", json=body, timeout=60)

    def sign_in(self, email: str, password: str) -> requests.Response:
        return self.ask("POST", "/session", {"email": email, "password": password})


@pytest.fixture(scope="module")
def shop(server) -> Quaylai:
    return server.client


@pytest.fixture(scope="module")
def owner(server) -> Staff:
    email, password = (server.data / "first-password.txt").read_text().split("\n")[:2]
    staff = Staff(server.base)
    assert staff.sign_in(email, password).status_code == 200
    return staff


def join(owner: Staff, role: str) -> Staff:
    email = f"{role}-{uuid.uuid4().hex[:8]}@aodaihanh.example"
    invited = owner.ask("POST", "/invitations", {"email": email, "role": role})
    assert invited.status_code == 201, invited.text
    assert not invited.json()["mailed"], "no channel is set up, so the link is for the inviter to hand on"
    token = invited.json()["url"].rsplit("/", 1)[1]
    staff = Staff(owner.base)
    accepted = staff.ask("POST", "/invitations/accept", {"token": token, "name": "Bình", "password": PASSWORD})
    assert accepted.status_code == 200, accepted.text
    assert staff.ask("POST", "/invitations/accept", {"token": token, "password": PASSWORD}).status_code == 404
    staff.email = email
    return staff


# -- staff ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "role, allowed",
    [
        ("admin", {"read", "profiles", "journeys", "settings", "keys", "users", "audit", "requests"}),
        ("marketer", {"read", "profiles", "journeys"}),
        ("analyst", {"read"}),
        ("support", {"read", "profiles", "requests"}),
    ],
)
def test_a_role_opens_what_it_is_for(owner, role, allowed):
    staff = join(owner, role)
    asked = {
        "read": ("GET", "/profiles", None),
        "profiles": ("POST", "/profiles", {"identifiers": [f"user_id:{uuid.uuid4().hex}"]}),
        "journeys": ("PUT", "/templates/vai", {"name": "Vai", "channel": "email", "subject": "x",
                                              "body": {"kind": "mjml", "source": mjml("<mj-text>x</mj-text>")}}),
        "settings": ("PATCH", "/settings", {"body_retention_days": 60}),
        "keys": ("GET", "/keys", None),
        "users": ("GET", "/users", None),
        "audit": ("GET", "/audit", None),
        "requests": ("GET", "/requests", None),
    }
    found = {name for name, (method, path, body) in asked.items() if staff.ask(method, path, body).status_code < 300}
    assert found == allowed
    for name in set(asked) - allowed:
        method, path, body = asked[name]
        refused = staff.ask(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_lacks_permission"), name
    # A foreign page cannot use the session.
    refused = staff.http.request("PATCH", f"{staff.base}/api/v1/settings", json={}, headers={"origin": "https://evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")


def test_the_last_owner_stays(owner, server):
    me = owner.ask("GET", "/session").json()
    for method, body in [("PATCH", {"role": "admin"}), ("DELETE", None)]:
        refused = owner.ask(method, f"/users/{me['account_id']}", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
    accounts = server.run("user", "list", "--json")
    assert [account["role"] for account in accounts].count("owner") == 1


def test_guessing_is_slowed_down_and_says_for_how_long(server, owner):
    staff = Staff(server.base)
    answers = [staff.sign_in("owner@localhost", f"falsch {n} falsch") for n in range(11)]
    assert [answer.status_code for answer in answers[:9]] == [401] * 9
    late = answers[-1]
    assert late.status_code == 429 and int(late.headers["retry-after"]) > 0
    assert "wait" in late.json()["detail"]
    log = owner.ask("GET", "/audit?action=sign_in_failed").json()["items"]
    assert len(log) >= 9 and {row["actor"] for row in log} == {"nobody"}


def test_the_log_says_who_did_what(owner, shop):
    owner.ask("PATCH", "/settings", {"cart_abandoned_after_minutes": 61})
    shop.write("PATCH", "/settings", {"cart_abandoned_after_minutes": 60})
    rows = owner.ask("GET", "/audit?action=PATCH /settings&limit=2").json()["items"]
    changes = [row["detail"]["cart_abandoned_after_minutes"] for row in rows]
    assert changes == [{"before": 61, "after": 60}, {"before": 60, "after": 61}]
    assert rows[0]["actor"].startswith("key:") and rows[1]["actor"].startswith("account:")
    assert rows[1]["role"] == "owner" and rows[1]["ip"] == "127.0.0.0/24"


# -- people ---------------------------------------------------------------------------------------------------------

TEMPLATE = {
    "name": "Chào",
    "channel": "email",
    "subject": "Chào {{ customer.name }}",
    "body": {"kind": "mjml", "source": mjml("<mj-text>{{ customer.name }}: {{ customer.email }}</mj-text>")},
}


class Person:
    def __init__(self, shop: Quaylai, mail):
        mark = uuid.uuid4().hex[:10]
        self.user_id = f"khach-{mark}"
        self.name = f"Đặng Thùy Trâm {mark}"
        self.email = f"tram.{mark}@khach.example"
        self.phone = f"+8490{int(mark, 16) % 10_000_000:07d}"
        shop.identify(self.user_id, {"name": self.name, "email": self.email, "phone": self.phone})
        shop.track("Product Viewed", {"product_id": "ao-1", "note": self.email}, userId=self.user_id)
        shop.track(
            "Order Completed",
            {
                "order_id": f"DH-{mark}",
                "total": 500_000,
                "currency": "VND",
                "email": self.email,
                "shipping_address": {"name": self.name, "phone": self.phone},
                "products": [{"product_id": "ao-1", "price": 500_000, "quantity": 1}],
            },
            userId=self.user_id,
        )
        shop.settle()
        self.id = shop.profile(f"user_id:{self.user_id}")["id"]
        shop.grant_consent(self.id)
        shop.use_smtp("127.0.0.1", mail.port)
        shop.put_template("chao", TEMPLATE)
        shop.write("POST", "/messages", {"profile_id": self.id, "template": "chao", "purpose": "marketing"})
        mail.wait_for(self.email)
        wait_until(lambda: shop.messages_of(self.id)[0]["state"] == "sent", "a settled message")

    def texts(self) -> list[str]:
        return [self.name, self.email, self.phone.removeprefix("+84"), self.user_id]


def traces(server, texts: list[str]) -> list[str]:
    """Where in the SQLite file one of the texts stands."""
    conn = sqlite3.connect(server.data / "quaylai.sqlite3", timeout=30)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    found = []
    for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        cursor = conn.execute(f"SELECT * FROM {table}")
        columns = [column[0] for column in cursor.description]
        for row in cursor:
            for column, value in zip(columns, row):
                value = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                found += [f"{table}.{column}: {value[:100]}" for text in texts if text in value]
    conn.close()
    return found


def test_an_access_request_hands_out_everything(shop, mail):
    person = Person(shop, mail)
    request = shop.write("POST", "/requests", {"kind": "access", "identifiers": [f"email:{person.email}"]})
    assert request["profile_id"] == person.id and request["export_url"].endswith("/export")
    everything = shop.get(f"/profiles/{person.id}/export")
    assert everything["profile"]["email"] == person.email
    assert {event["name"] for event in everything["events"]} >= {"Product Viewed", "Order Completed"}
    assert len(everything["orders"]) == 1
    (message,) = everything["messages"]
    assert message["body"]["subject"] == f"Chào {person.name}" and message["address"] == person.email
    assert everything["consents"][0]["wording"]
    assert everything["requests"][0]["id"] == request["id"]
    page = shop.request("GET", f"/profiles/{person.id}/export?format=html&language=vi")
    assert page.status == 200 and person.name in page.body and "Dữ liệu của bạn" in page.body
    done = shop.write("POST", f"/requests/{request['id']}/complete", {"outcome": "Đã gửi"})
    assert done["state"] == "completed"


def test_an_erased_person_leaves_no_trace(shop, server, mail, backend):
    person, other = Person(shop, mail), Person(shop, mail)
    if backend == "sqlite":
        assert len(traces(server, person.texts())) > 10, "the scan finds what is there"
    request = shop.write("POST", "/requests", {"kind": "erase", "profile_id": person.id, "note": f"{person.name} gọi"})
    shop.write("POST", f"/requests/{request['id']}/complete", {})
    assert shop.request("GET", f"/profiles/{person.id}").status == 404

    def finished() -> bool:
        rows = {row["profile_id"]: row for row in shop.all("/erasures")}
        return rows[person.id]["finished_at"] is not None

    wait_until(finished, "the end of the erasure")
    if backend == "sqlite":
        assert traces(server, person.texts()) == []
        assert len(traces(server, other.texts())) > 10
    assert len(shop.orders_of(other.id)) == 1
    # A late event makes somebody new.
    shop.track("Product Viewed", {"product_id": "ao-2"}, userId=person.user_id)
    shop.settle()
    revenant = shop.profile(f"user_id:{person.user_id}")
    assert revenant["id"] != person.id and revenant["orders"]["count"] == 0


def test_what_is_kept_for_long_enough_goes(shop, server):
    user_id = f"cu-{uuid.uuid4().hex[:10]}"
    shop.track("Old Thing", {}, userId=user_id, timestamp="2020-01-01T00:00:00Z")
    shop.track("Old Thing", {}, userId=user_id)
    shop.settle()
    profile_id = shop.profile(f"user_id:{user_id}")["id"]
    shop.write("PATCH", "/settings", {"retention": [{"event": "Old Thing", "days": 365}]})
    due = {row["event"]: row["count"] for row in shop.get("/retention")["events"]}
    assert due == {"Old Thing": 1}
    assert len(shop.events_of(profile_id)) == 2, "asking takes nothing"
    # Housekeeping comes every hour, and first when the server starts.
    assert server.stop() == 0, server.log_tail()
    server.start()
    wait_until(lambda: len(shop.events_of(profile_id)) == 1, "the old event to go")
    assert shop.get("/retention")["events"][0]["count"] == 0


def test_a_restored_backup_brings_back_nobody_who_was_erased(make_server, backend, tmp_path):
    if backend != "sqlite":
        pytest.skip("a PostgreSQL database is restored into an empty one, which knows of no erasure")
    server = make_server("erased-then-restored")
    shop = server.start()
    for user_id in ("stays", "goes"):
        shop.track("Product Viewed", {"product_id": "ao-1"}, userId=user_id)
    shop.settle()
    gone = shop.profile("user_id:goes")["id"]
    backup = tmp_path / "before.backup"
    server.run("backup", str(backup), "--json")
    request = shop.write("POST", "/requests", {"kind": "erase", "profile_id": gone})
    shop.write("POST", f"/requests/{request['id']}/complete", {})
    wait_until(lambda: shop.request("GET", f"/profiles/{gone}").status == 404, "the erasure")
    assert server.stop() == 0
    told = server.run("restore", str(backup), "--json")
    assert told["erased_again"] == 1
    shop = server.start()
    wait_until(lambda: shop.request("GET", f"/profiles/{gone}").status == 404, "the erasure after the restore")
    assert shop.profile("user_id:stays")["identifiers"]
    assert server.stop() == 0
