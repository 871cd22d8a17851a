"""Notifications, messages in pages and notices to staff end to end: what the server seals opens with `http_ece` at a
push service, pages take their part, and a chat hears of an event."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from waiting import wait_until, zone_where_it_is_noon

DEVICE = "5a3f1c9e-6f0d-4c53-9a1e-0000000000aa"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Browser:
    """A subscription with the keys that only the browser has."""

    def __init__(self, endpoint: str):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.endpoint = endpoint

    def subscription(self) -> dict:
        keys = {"p256dh": b64(point(self.key.public_key())), "auth": b64(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def open(self, body: bytes) -> dict:
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return json.loads(plain)


class PushService:
    """Takes messages as RFC 8030 has it; an endpoint that ends in `gone` is no more."""

    def __init__(self):
        self.taken: list[tuple[str, dict, bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.taken.append((self.path, headers, body))
                self.send_response(410 if self.path.endswith("gone") else 201)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def push_service():
    service = PushService()
    yield service
    service.close()


def subscribe(quaylai, browser: Browser, **more) -> None:
    body = {"writeKey": quaylai.write_key, "anonymousId": DEVICE, "subscription": browser.subscription(), **more}
    answer = requests.post(f"{quaylai.base}/v1/push/subscribe", json=body, timeout=60)
    assert answer.status_code == 200, answer.text


def verified_claims(headers: dict, public_key: str) -> dict:
    """What the token of VAPID says, after its signature was verified by a library of somebody else's."""
    scheme, _, rest = headers["authorization"].partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid" and fields["k"] == public_key, headers
    text, _, signature = fields["t"].rpartition(".")
    raw = unb64(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(public_key))
    key.verify(der, text.encode(), ec.ECDSA(SHA256()))
    header, claims = (json.loads(unb64(part)) for part in text.split("."))
    assert header == {"typ": "JWT", "alg": "ES256"}
    return claims


def test_what_a_journey_says_opens_in_the_browser(quaylai, push_service):
    quaylai.write("PATCH", "/settings", {"allow_private_networks": True, "time_zone": zone_where_it_is_noon()})
    made = quaylai.write("PUT", "/channels/push", {"web": {"subject": "mailto:shop@may.example"}})
    assert made["provider"] == "push" and made["web"]["private_key"] == "***", made
    # Saved again without a word of the keys they stay, or every subscription would be lost.
    again = quaylai.write("PUT", "/channels/push", {"web": {"subject": "mailto:shop@may.example"}})
    assert again["web"]["public_key"] == made["web"]["public_key"]
    assert quaylai.write("POST", "/channels/push/check", {})["ok"] is True
    asked = requests.get(f"{quaylai.base}/v1/push/key", params={"writeKey": quaylai.write_key}, timeout=60)
    public_key = asked.json()["key"]
    assert public_key == made["web"]["public_key"]

    living, gone = Browser(f"{push_service.base}/send/living"), Browser(f"{push_service.base}/send/gone")
    subscribe(quaylai, living, prompted=True, wording="Nhận tin?")
    subscribe(quaylai, gone)
    quaylai.write(
        "PUT",
        "/templates/push-hello",
        {
            "name": "Chào",
            "channel": "push",
            "purpose": "marketing",
            "subject": "Chào bạn 🛒",
            "body": {
                "kind": "push",
                "source": {
                    "title": "Chào bạn 🛒",
                    "body": "Giỏ hàng còn chờ",
                    "url": "https://may.example/gio",
                    "image": "",
                    "actions": [{"label": "Xem giỏ", "url": "https://may.example/gio"}],
                },
            },
        },
    )

    def person():
        found = quaylai.get("/profiles", identifier=f"anonymous_id:{DEVICE}")["items"]
        return found and "push" in json.dumps(quaylai.get(f"/profiles/{found[0]['id']}")) and found[0]

    found = wait_until(person, "the device's person", 30)
    quaylai.write("POST", "/messages", {"profile_id": found["id"], "template": "push-hello"})
    wait_until(lambda: len(push_service.taken) >= 2, "the notification at both devices", 60)
    # To the device seen last first; that is gone, and so it goes to the next one.
    assert [path for path, _, _ in push_service.taken] == ["/send/gone", "/send/living"]
    path, headers, body = push_service.taken[1]
    told = living.open(body)
    assert (told["title"], told["body"]) == ("Chào bạn 🛒", "Giỏ hàng còn chờ"), told
    assert told["url"].startswith(f"{quaylai.base}/e/c/") and told["actions"][0]["title"] == "Xem giỏ", told
    with pytest.raises(Exception):
        gone.open(body)
    assert headers["content-encoding"] == "aes128gcm" and int(headers["ttl"]) > 0, headers
    claims = verified_claims(headers, public_key)
    assert claims["aud"] == push_service.base and claims["sub"] == "mailto:shop@may.example", claims
    # The link in it leads to the shop and counts.
    followed = requests.get(told["url"], allow_redirects=False, timeout=60)
    assert followed.status_code in (302, 303, 307) and "may.example/gio" in followed.headers["location"], followed

    def sent():
        message = quaylai.get("/messages")["items"][0]
        return message["state"] == "sent" and message

    assert wait_until(sent, "the message is sent", 30)


def test_a_message_waits_for_a_page(quaylai):
    secret = "khoa-bi-mat-cua-tiem"
    made = quaylai.write("PUT", "/channels/onsite", {"user_hash_secret": secret})
    assert made["user_hash_secret"] == "***", made
    quaylai.write(
        "PUT",
        "/templates/onsite-hello",
        {"name": "Trong trang", "channel": "onsite", "subject": "Chào", "body": {"kind": "text", "source": "Miễn phí giao hàng"}},
    )
    quaylai.identify("kh-onsite", {"name": "An"}, anonymousId=DEVICE + "-onsite")
    found = wait_until(lambda: quaylai.get("/profiles", identifier="user_id:kh-onsite")["items"], "the person", 30)[0]
    quaylai.write("POST", "/messages", {"profile_id": found["id"], "template": "onsite-hello"})

    def page(**whom):
        params = {"writeKey": quaylai.write_key, **whom}
        return requests.get(f"{quaylai.base}/v1/onsite", params=params, timeout=60)

    def waiting():
        return page(anonymousId=DEVICE + "-onsite").json()["messages"]

    message = wait_until(waiting, "the message", 60)[0]
    assert (message["title"], message["body"], message["shown"]) == ("Chào", "Miễn phí giao hàng", False), message
    hashed = hmac.new(secret.encode(), b"kh-onsite", hashlib.sha256).hexdigest()
    assert [one["id"] for one in page(userId="kh-onsite", userHash=hashed).json()["messages"]] == [message["id"]]
    assert page(userId="kh-onsite", userHash="0" * 64).status_code == 403
    assert page(userId="kh-onsite").status_code == 400
    for what in ("shown", "closed"):
        told = {"writeKey": quaylai.write_key}
        answer = requests.post(f"{quaylai.base}/v1/onsite/{message['id']}/{what}", json=told, timeout=60)
        assert answer.status_code == 200, answer.text
    wait_until(lambda: not waiting(), "the message put away", 30)
    assert quaylai.get(f"/messages/{message['id']}")["responses"]["opens"] == 1


def test_a_chat_hears_of_a_large_order(quaylai, push_service):
    quaylai.write("PATCH", "/settings", {"allow_private_networks": True, "time_zone": zone_where_it_is_noon()})
    made = quaylai.write("PUT", "/staff-contacts/slack:ban-hang", {"url": f"{push_service.base}/services/geheim"})
    assert made["url"] == "***" and made["kind"] == "slack", made
    tried = quaylai.write("POST", "/staff-contacts/slack:ban-hang/test", {})
    assert tried["ok"] is True, tried
    assert "Quaylai" in json.loads(push_service.taken[0][2])["text"]
    quaylai.put_journey(
        "notice",
        {
            "schema": 1,
            "name": "Báo đơn lớn",
            "trigger": {"type": "event", "event": "Large Order"},
            "start": "tell",
            "nodes": {
                "tell": {
                    "type": "notify_staff",
                    "to": ["slack:ban-hang"],
                    "subject": "Đơn lớn",
                    "message": "{{ customer.name }} <{{ event.properties.total | money }}>",
                }
            },
        },
    )
    quaylai.identify("kh-lon", {"name": "Bình & em"})
    quaylai.track("Large Order", {"total": 5_000_000}, userId="kh-lon")
    wait_until(lambda: len(push_service.taken) >= 2, "the notice in the chat", 60)
    path, _, body = push_service.taken[1]
    lines = json.loads(body)["text"].split("\n")
    assert path == "/services/geheim" and lines[0] == "Đơn lớn", lines
    assert lines[1].startswith("Bình &amp; em &lt;5.000.000"), lines
