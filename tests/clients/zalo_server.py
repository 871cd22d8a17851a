"""A Zalo that hands out each refresh token once, and tells its tokens to live for seconds."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from json_server import JsonHandler, JsonServer

APP_ID = "4242"
APP_SECRET = "bi-mat-cua-ung-dung"
OA_ID = "777000777"

#: What Zalo has approved, or not yet.
TEMPLATES = {
    number: {"templateId": int(number), "templateName": name, "createdTime": 1_700_000_000_000, "status": status, "templateQuality": quality}
    for number, name, status, quality in (
        ("320131", "Đơn hàng đang giao", "ENABLE", "HIGH"),
        ("320132", "Chúc mừng sinh nhật", "PENDING_REVIEW", "UNDEFINED"),
        ("320133", "Mời đánh giá", "ENABLE", "MEDIUM"),
    )
}


def information(number: str) -> dict:
    """What `/template/info/v2` tells of a template."""
    lengths = {"customer_name": 30, "order_code": 30}
    own = TEMPLATES[number]
    parameters = [
        {"name": name, "require": True, "type": "STRING", "maxLength": most, "minLength": 0, "acceptNull": False}
        for name, most in lengths.items()
    ]
    return {
        "templateId": number,
        "templateName": own["templateName"],
        "status": own["status"],
        "templateTag": "TRANSACTION",
        "previewUrl": "https://zalo.example/p",
        "listParams": parameters,
    }


class ZaloServer:
    """`delay_s` is the longest that an answer of the token endpoint takes, before and after it counts."""

    def __init__(self, lives_s: int = 3, delay_s: float = 0.05, seed: int = 1):
        self.lives_s = lives_s
        self.delay_s = delay_s
        self.messages: list[dict] = []
        self.faults: list[str] = []
        self.renewals = 0
        self.used_twice = 0
        self._issued = 0
        self._access: set[str] = set()
        self._refresh = ""
        self._used: set[str] = set()
        self._codes: dict[str, str] = {}
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._wait = threading.Event()
        self.renewing = threading.Event()
        zalo = self

        class Handler(JsonHandler):
            def do_GET(self):
                url = urlsplit(self.path)
                asked = {name: values[0] for name, values in parse_qs(url.query).items()}
                if url.path == "/message/quota":
                    return self.say(zalo._reading(self.headers, {"dailyQuota": "500", "remainingQuota": "499"}))
                if url.path == "/template/all" and {"offset", "limit"} <= asked.keys():
                    page = list(TEMPLATES.values())[int(asked["offset"]) :][: int(asked["limit"])]
                    said = zalo._reading(self.headers, page)
                    return self.say({**said, "metadata": {"total": len(TEMPLATES)}} if said["error"] == 0 else said)
                if url.path == "/template/info/v2" and asked.get("template_id") in TEMPLATES:
                    return self.say(zalo._reading(self.headers, information(asked["template_id"])))
                zalo.faults.append(f"GET {self.path}")
                return self.say({}, 404)

            def do_POST(self):
                body = self.body()
                if self.path == "/v4/oa/access_token":
                    return self.say(zalo._tokens(self.headers, body))
                if self.path == "/message/template":
                    return self.say(zalo._message(self.headers, body))
                zalo.faults.append(f"POST {self.path}")
                return self.say({}, 404)

        self._server = JsonServer(Handler)
        self.base = self._server.base

    def close(self) -> None:
        self._server.close()

    def consent(self, url: str) -> str:
        """What the administrator of the account does in Zalo's page; answers where the browser is sent to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.base}/v4/oa/permission?"), url
        assert asked["app_id"] == APP_ID and len(asked["code_challenge"]) == 43, asked
        with self._lock:
            code = f"code-{len(self._codes)}"
            self._codes[code] = asked["code_challenge"]
        back = {"code": code, "oa_id": OA_ID, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def expire(self) -> None:
        """No access token is good any more."""
        with self._lock:
            self._access.clear()

    # -- the API ------------------------------------------------------------------------------------------------

    def _pause(self) -> None:
        with self._lock:
            wait = self._chance.uniform(0, self.delay_s)
        self._wait.wait(wait)

    def _issue(self) -> dict:
        self._issued += 1
        access, self._refresh = f"access-{self._issued}", f"refresh-{self._issued}"
        # The one before is good until its end.
        self._access = {f"access-{self._issued - 1}", access}
        return {"access_token": access, "refresh_token": self._refresh, "expires_in": str(self.lives_s)}

    def _tokens(self, headers, body: bytes) -> dict:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if headers.get("secret_key") != APP_SECRET or form.get("app_id") != APP_ID:
            self.faults.append(f"credentials of {form}")
            return {"error": -14004, "error_name": "Invalid secret key"}
        self._pause()
        with self._lock:
            if form.get("grant_type") == "refresh_token":
                token = form["refresh_token"]
                if token != self._refresh:
                    self.used_twice += token in self._used
                    answer = {"error": -14014, "error_name": "Invalid refresh token"}
                else:
                    self.renewals += 1
                    self._used.add(token)
                    answer = self._issue()
            else:
                challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
                if self._codes.pop(form["code"], None) == challenge.decode().rstrip("="):
                    answer = self._issue()
                else:
                    answer = {"error": -14012, "error_name": "Invalid authorization code"}
        # Here the token is used up and nobody has its answer yet.
        self.renewing.set()
        self._pause()
        return answer

    def _good(self, headers) -> bool:
        with self._lock:
            return headers.get("access_token") in self._access

    def _reading(self, headers, data: dict) -> dict:
        if not self._good(headers):
            return {"error": -124, "message": "Access token invalid"}
        return {"error": 0, "message": "Success", "data": data}

    def _message(self, headers, body: bytes) -> dict:
        if not self._good(headers):
            return {"error": -124, "message": "Access token invalid"}
        message = json.loads(body)
        if not str(message.get("phone", "")).startswith("84") or not message.get("tracking_id"):
            self.faults.append(f"a message of {sorted(message)}")
            return {"error": -108, "message": "Phone number is invalid"}
        with self._lock:
            self.messages.append(message)
            number = len(self.messages)
        return {"error": 0, "message": "Success", "data": {"msg_id": f"zalo-{number}", "sent_time": "1700000000402"}}

    # -- what it calls back with --------------------------------------------------------------------------------

    def report(self, url: str, key: str, message: dict, now_ms: int, mac: str | None = None) -> int:
        """Tells that a message by template arrived; answers the status."""
        event = {
            "event_name": "user_received_message",
            "app_id": APP_ID,
            "sender": {"id": OA_ID},
            "recipient": {"id": ""},
            "message": {"delivery_time": str(now_ms), "msg_id": "zalo-1", "tracking_id": message["tracking_id"]},
            "timestamp": str(now_ms),
        }
        return self._tell(url, key, event, mac)

    def turn(self, url: str, key: str, number: str, status: str, now_ms: int, mac: str | None = None) -> int:
        """Tells that a template has another status; answers the status of the callback."""
        event = {
            "event_name": "change_template_status",
            "app_id": APP_ID,
            "oa_id": OA_ID,
            "template_id": number,
            "status": {"prev_status": TEMPLATES[number]["status"], "new_status": status},
            "reason": "Nội dung không đúng mục đích",
            "timestamp": str(now_ms),
        }
        return self._tell(url, key, event, mac)

    @staticmethod
    def _tell(url: str, key: str, event: dict, mac: str | None) -> int:
        body, now_ms = json.dumps(event, separators=(",", ":")).encode(), event["timestamp"]
        signed = hashlib.sha256(APP_ID.encode() + body + now_ms.encode() + key.encode()).hexdigest()
        headers = {"x-zevent-signature": mac or f"mac={signed}", "content-type": "application/json"}
        return requests.post(url, data=body, headers=headers, timeout=30).status_code
