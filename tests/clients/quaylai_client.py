"""Every HTTP path and every shape of Quaylai that these tests rely on, in one place.

The full contract is the OpenAPI document that the server itself hands out at `/api/v1/openapi.json`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Iterator

import requests

from waiting import wait_until


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


class Quaylai:
    """One workspace, seen through its write key (tracking) and its secret key (everything else)."""

    def __init__(self, base: str, write_key: str, secret_key: str):
        self.base = base
        self.write_key = write_key
        self.secret_key = secret_key
        self._http = requests.Session()
        self._http.trust_env = False

    # -- tracking -----------------------------------------------------------------------------------------------

    def post_tracking(self, call: str, body: bytes | dict, headers: dict[str, str] | None = None) -> Answer:
        """`call` is what follows `/v1/`; bytes go out untouched, a dict as JSON."""
        response = self._http.post(
            f"{self.base}/v1/{call}",
            auth=(self.write_key, ""),
            data=body if isinstance(body, bytes) else None,
            json=body if isinstance(body, dict) else None,
            headers={"content-type": "application/json", **(headers or {})},
            timeout=60,
        )
        return _answer(response)

    def track(self, event: str, properties: dict | None = None, **fields: Any) -> str:
        """Sends one `track` and returns its message id."""
        message_id = fields.pop("messageId", None) or f"test-{uuid.uuid4()}"
        body = {"event": event, "properties": properties or {}, "messageId": message_id, **fields}
        answer = self.post_tracking("track", body)
        assert answer.status == 200, answer
        return message_id

    def identify(self, user_id: str, traits: dict, **fields: Any) -> str:
        message_id = f"test-{uuid.uuid4()}"
        answer = self.post_tracking(
            "identify", {"userId": user_id, "traits": traits, "messageId": message_id, **fields}
        )
        assert answer.status == 200, answer
        return message_id

    # -- the API ------------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, **options: Any) -> Answer:
        headers = {"authorization": f"Bearer {self.secret_key}", **options.pop("headers", {})}
        response = self._http.request(
            method, f"{self.base}/api/v1{path}", headers=headers, timeout=60, **options
        )
        return _answer(response)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.request("GET", path, params=params)
        assert answer.status == 200, (path, params, answer)
        return answer.body

    def write(self, method: str, path: str, body: dict) -> Any:
        answer = self.request(method, path, json=body)
        assert 200 <= answer.status < 300, (method, path, answer)
        return answer.body

    def all(self, path: str, **params: Any) -> Iterator[dict]:
        """Every item of a list, page after page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **params, **cursor)
            yield from page["items"]
            if not page.get("next"):
                return
            cursor = {"cursor": page["next"]}

    def ready(self) -> bool:
        try:
            return self._http.get(f"{self.base}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def status(self) -> dict:
        return self.get("/status")

    def inbox_length(self) -> int:
        return self.status()["inbox"]["length"]

    def event_count(self, message_id: str | None = None) -> int:
        params = {"message_id": message_id} if message_id else {}
        return self.get("/events/count", **params)["count"]

    def settle(self, deadline_s: float = 30) -> None:
        """Waits until every acknowledged event has been processed."""
        wait_until(lambda: self.inbox_length() == 0, "an empty inbox", deadline_s)

    def profiles(self, identifier: str) -> list[dict]:
        """`identifier` is `email:...`, `user_id:...`, `phone:...` or `anonymous_id:...`."""
        return list(self.all("/profiles", identifier=identifier))

    def profile(self, identifier: str) -> dict:
        """The one profile behind an identifier, with everything the API tells of it."""
        found = self.profiles(identifier)
        assert len(found) == 1, (identifier, found)
        return self.get(f"/profiles/{found[0]['id']}")

    def events_of(self, profile_id: str) -> list[dict]:
        return list(self.all(f"/profiles/{profile_id}/events"))

    def orders_of(self, profile_id: str) -> list[dict]:
        return list(self.all(f"/profiles/{profile_id}/orders"))

    def messages_of(self, profile_id: str) -> list[dict]:
        """The message ledger of one profile: a row a decision, each with its reason."""
        return list(self.all(f"/profiles/{profile_id}/messages"))

    def picture_of(self, profile_id: str) -> dict:
        """All that must not change when the same messages arrive a second time."""
        profile = self.get(f"/profiles/{profile_id}")
        return {
            "identifiers": sorted((i["kind"], i["value"]) for i in profile["identifiers"]),
            "attributes": profile["attributes"],
            "events": self.events_of(profile_id),
            "orders": self.orders_of(profile_id),
            "messages": self.messages_of(profile_id),
        }

    # -- setting up ---------------------------------------------------------------------------------------------

    def use_smtp(self, host: str, port: int, reply_ms: int = 5_000) -> None:
        """E-mail goes to a relay on this machine, which a shop has to allow first."""
        self.write("PATCH", "/settings", {"allow_private_networks": True})
        timeouts = {"connect_ms": reply_ms, "command_ms": reply_ms, "body_ms": reply_ms, "reply_ms": reply_ms}
        self.write(
            "PUT",
            "/channels/email",
            {
                "provider": "smtp",
                "host": host,
                "port": port,
                "security": "none",
                "timeouts": timeouts,
                "from": {"email": "shop@aodaihanh.example", "name": "Áo dài Hạnh"},
            },
        )

    def put_template(self, key: str, template: dict) -> dict:
        return self.write("PUT", f"/templates/{key}", template)

    def try_template(self, key: str, template: dict) -> Answer:
        return self.request("PUT", f"/templates/{key}", json=template)

    def preview(self, key: str, profile_id: str) -> Answer:
        return self.request("POST", f"/templates/{key}/preview", json={"profile_id": profile_id})

    def put_journey(self, key: str, definition: dict) -> dict:
        """Writes a version of a journey and lets it start runs."""
        journey = self.write("PUT", f"/journeys/{key}", definition)
        return self.write("POST", f"/journeys/{journey['id']}/publish", {})

    def grant_consent(self, profile_id: str, channel: str = "email", purpose: str = "marketing") -> None:
        self.write(
            "POST",
            f"/profiles/{profile_id}/consents",
            {"channel": channel, "purpose": purpose, "granted": True, "wording": "Tôi đồng ý nhận ưu đãi qua e-mail."},
        )


def _answer(response: requests.Response) -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = response.text
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)
