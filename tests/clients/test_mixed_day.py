"""A day of mixed messages through two providers that fail, hang, limit, cut off and answer late.

Each provider keeps count of what it took. Nobody gets anything twice, and whatever was not sent has its reason. The
number of people is told by QUAYLAI_TEST_MIXED_PEOPLE; each gets an e-mail and a text message. With
QUAYLAI_TEST_MIXED_REPORT the figures are written there as JSON.
"""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from waiting import wait_until, zone_where_it_is_noon

PEOPLE = int(os.environ.get("QUAYLAI_TEST_MIXED_PEOPLE", "400"))
# The client's own patience with a provider is a second and a half; a late answer takes half of one.
PATIENCE_MS = 1_500
LATE_S = 0.5

FATES = {
    "busy": range(0, 4),
    "limited": range(4, 7),
    "hangs": range(7, 8),
    "cuts": range(8, 9),
    "refuses": range(9, 12),
    "late": range(12, 20),
}


def fate_of(recipient: str) -> str:
    number = zlib.crc32(recipient.encode()) % 100
    return next((fate for fate, numbers in FATES.items() if number in numbers), "takes")


class Provider:
    """Twilio and SendGrid at once, as far as sending goes: checks what they check, and misbehaves by recipient."""

    def __init__(self):
        self.taken: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                provider.answer(self, body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        is_text = handler.path == "/2010-04-01/Accounts/AC123/Messages.json"
        if is_text:
            told = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            recipient, words = told.get("To", ""), told.get("Body", "")
            good = handler.headers["authorization"].startswith("Basic ") and words.startswith("[QC]")
        else:
            told = json.loads(body)
            recipient = told["personalizations"][0]["to"][0]["email"]
            good = handler.path == "/v3/mail/send" and handler.headers["authorization"] == "Bearer SG.key"
        if not good:
            with self._lock:
                self.wrong.append(f"{handler.path} {recipient}")
        fate = fate_of(recipient)
        with self._lock:
            self._seen[recipient] += 1
            is_first = self._seen[recipient] == 1
            takes = fate in ("takes", "late", "hangs", "cuts") or fate in ("busy", "limited") and not is_first
            self.taken[recipient] += takes
        if fate == "hangs":
            self._ended.wait(60)
            handler.close_connection = True
        elif fate == "cuts":
            handler.close_connection = True
        elif fate == "busy" and is_first:
            self._send(handler, 500, {"message": "try again"})
        elif fate == "limited" and is_first:
            self._send(handler, 429, {"message": "too many"}, {"retry-after": "1"})
        elif fate == "refuses":
            wrong_number = {"code": 21211, "message": "not a number", "status": 400}
            wrong_address = {"errors": [{"message": "not an address", "field": "personalizations.0.to"}]}
            self._send(handler, 400, wrong_number if is_text else wrong_address)
        else:
            if fate == "late":
                self._ended.wait(LATE_S)
            if is_text:
                self._send(handler, 201, {"sid": f"SM{zlib.crc32(recipient.encode()):032x}", "status": "queued"})
            else:
                self._send(handler, 202, None, {"x-message-id": f"{zlib.crc32(recipient.encode()):x}"})

    @staticmethod
    def _send(handler, status: int, told, headers: dict[str, str] | None = None) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def provider():
    running = Provider()
    yield running
    running.close()


def addresses(number: int) -> tuple[str, str]:
    return f"khach{number}@example.com", f"+849{number:08d}"


def people_arrive(quaylai) -> None:
    wanted = [{"channel": channel, "state": "granted"} for channel in ("email", "sms")]
    for start in range(0, PEOPLE, 100):
        batch = []
        for number in range(start, min(start + 100, PEOPLE)):
            email, phone = addresses(number)
            traits = {"email": email, "phone": phone, "name": "Nguyễn Văn An", "consents": wanted}
            batch.append({"type": "identify", "userId": f"k{number}", "traits": traits, "messageId": f"m{number}"})
        told = quaylai.post_tracking("batch", {"batch": batch})
        assert told.status == 200, told
    quaylai.settle(deadline_s=30 + PEOPLE / 200)


def test_nobody_gets_anything_twice_and_everything_has_its_reason(server, quaylai, provider):
    quaylai.write("PATCH", "/settings", {"allow_private_networks": True, "time_zone": zone_where_it_is_noon()})
    twilio = {"provider": "twilio", "account_sid": "AC123", "auth_token": "token-of-the-account", "from": "ANPHO"}
    sendgrid = {"provider": "sendgrid", "api_key": "SG.key", "from": "Áo dài Hạnh <chao@aodaihanh.example>", "per_second": 500}
    for channel, settings in (("sms", twilio), ("email", sendgrid)):
        quaylai.write("PUT", f"/channels/{channel}", {**settings, "base_url": provider.base_url, "timeout_ms": PATIENCE_MS})
    quaylai.put_template("sms", {"channel": "sms", "body": {"text": "Giam 20% hom nay"}})
    quaylai.put_template("mail", {"channel": "email", "subject": "Giảm 20%", "body": {"text": "Giảm 20% hôm nay"}})
    people_arrive(quaylai)

    began = time.monotonic()
    launched = []
    for channel, template in (("email", "mail"), ("sms", "sms")):
        draft = {"name": f"Ngày {channel}", "channel": channel, "template": template, "audience": {"everybody": True}}
        made = quaylai.write("POST", "/campaigns", draft)
        launched.append(quaylai.write("POST", f"/campaigns/{made['id']}/launch", {})["id"])

    peak = 0

    def done() -> bool:
        nonlocal peak
        peak = max(peak, server.resident_bytes())
        return all(quaylai.get(f"/campaigns/{one}")["state"] == "done" for one in launched)

    wait_until(done, "both campaigns are done", 180 + PEOPLE / 20, every_s=0.5)
    took_s = time.monotonic() - began

    assert not provider.wrong, provider.wrong[:3]
    assert max(provider.taken.values()) == 1, "somebody got a message twice"
    fates = Counter(fate_of(to) for number in range(PEOPLE) for to in addresses(number))
    states: Counter[str] = Counter()
    for channel, one in zip(("email", "sms"), launched):
        for message in quaylai.all("/messages", campaign_id=one, limit=100):
            states[message["state"]] += 1
            fate, took = fate_of(message["address"]), provider.taken[message["address"]]
            expected = {"refuses": ("failed", 0), "hangs": ("unknown", 1), "cuts": ("unknown", 1)}.get(fate, ("sent", 1))
            assert (message["state"], took) == expected, (channel, fate, message)
            assert message["state"] == "sent" or message["reason"], message
    assert states == {
        "sent": 2 * PEOPLE - fates["refuses"] - fates["hangs"] - fates["cuts"],
        "failed": fates["refuses"],
        "unknown": fates["hangs"] + fates["cuts"],
    }
    report = os.environ.get("QUAYLAI_TEST_MIXED_REPORT")
    if report:
        figures = {
            "messages": 2 * PEOPLE,
            "seconds": round(took_s, 1),
            "messages_per_s": round(2 * PEOPLE / took_s, 1),
            "peak_resident_mib": round(peak / 2**20, 1),
            "states": dict(states),
            "fates": dict(fates),
        }
        with open(report, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)
