"""Input that is wrong, hostile or merely large: a clear answer, a bounded cost, and nothing lost."""

from __future__ import annotations

import gzip
import json
import uuid
import zlib
from time import monotonic

import pytest

from definitions import BOMBS, ORDER_JOURNEY, ORDER_TEMPLATE
from mail_server import Fault
from waiting import wait_until

MEMORY_LIMIT = 300 << 20
COST_LIMIT_S = 15


def new_id(prefix: str = "bad") -> str:
    return f"{prefix}-{uuid.uuid4()}"


@pytest.fixture(autouse=True)
def still_well(server, quaylai):
    """After each of these the server still takes, stores and tells of an event, and has not grown."""
    yield
    assert server.running(), server.log_tail()
    message_id = quaylai.track("Product Viewed", {"product_id": "P-1"}, userId=new_id("after"))
    quaylai.settle()
    assert quaylai.event_count(message_id) == 1
    assert server.resident_bytes() < MEMORY_LIMIT, f"{server.resident_bytes() >> 20} MiB resident"


@pytest.fixture
def quickly():
    start = monotonic()
    yield
    assert monotonic() - start < COST_LIMIT_S


def event(message_id: str, **more) -> dict:
    return {"type": "track", "event": "Product Viewed", "userId": "u-bad", "messageId": message_id, **more}


def padded(message_id: str, size: int) -> bytes:
    """A `track` of exactly `size` bytes."""
    empty = len(json.dumps(event(message_id, properties={"pad": ""})))
    body = json.dumps(event(message_id, properties={"pad": "x" * (size - empty)})).encode()
    assert len(body) == size
    return body


def assert_clear_refusal(answer, status: int) -> None:
    assert answer.status == status, answer
    assert isinstance(answer.body, dict), answer
    assert answer.body.get("code") and answer.body.get("message"), answer


def assert_nothing_stored(quaylai, *message_ids: str) -> None:
    quaylai.settle()
    assert [quaylai.event_count(i) for i in message_ids] == [0] * len(message_ids)


class TestTracking:
    def test_an_event_of_32_kb_is_taken_and_one_of_33_kb_refused(self, quaylai):
        fits, too_large = new_id(), new_id()
        assert quaylai.post_tracking("track", padded(fits, 32 * 1024)).status == 200
        assert_clear_refusal(quaylai.post_tracking("track", padded(too_large, 33 * 1024)), 400)
        assert_nothing_stored(quaylai, too_large)
        assert quaylai.event_count(fits) == 1

    def test_a_batch_of_501_kb_is_refused_whole(self, quaylai):
        ids = [new_id() for _ in range(51)]
        items = [event(i, properties={"pad": "x" * 10_000}) for i in ids]
        body = json.dumps({"batch": items}).encode()
        body += b" " * max(0, 501 * 1024 - len(body))
        assert_clear_refusal(quaylai.post_tracking("batch", body), 400)
        assert_nothing_stored(quaylai, *ids)

    def test_a_batch_of_2501_events_is_refused_whole(self, quaylai):
        ids = [new_id() for _ in range(2_501)]
        body = {"batch": [{"type": "track", "event": "v", "userId": "u", "messageId": i} for i in ids]}
        assert_clear_refusal(quaylai.post_tracking("batch", body), 400)
        assert_nothing_stored(quaylai, ids[0], ids[-1])

    def test_a_small_gzip_that_unpacks_to_256_mb(self, quaylai, quickly):
        bomb = gzip_of_zeros()
        answer = quaylai.post_tracking("batch", bomb, {"content-encoding": "gzip"})
        assert_clear_refusal(answer, 400)

    def test_truncated_gzip(self, quaylai):
        message_id = new_id()
        body = gzip.compress(json.dumps(event(message_id)).encode())
        for cut in (1, 10, len(body) // 2, len(body) - 1):
            assert_clear_refusal(quaylai.post_tracking("track", body[:cut], {"content-encoding": "gzip"}), 400)
        assert_nothing_stored(quaylai, message_id)

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"batch": 7}', b'{"batch": [7]}', b"[" * 100_000],
        ids=["empty", "cut", "list", "null", "binary", "batch-is-no-list", "item-is-no-object", "100,000-brackets"],
    )
    def test_not_what_the_contract_says(self, quaylai, body):
        assert_clear_refusal(quaylai.post_tracking("batch", body), 400)

    def test_invalid_utf_8(self, quaylai):
        message_id = new_id()
        body = json.dumps(event(message_id)).encode().replace(b"Product", b"Pr\xff\xfeduct")
        assert_clear_refusal(quaylai.post_tracking("track", body), 400)
        assert_nothing_stored(quaylai, message_id)

    def test_duplicate_keys(self, quaylai):
        """JSON does not say which one wins: refused, or the last one, but never both and never an error of ours."""
        message_id = new_id()
        body = json.dumps(event(message_id)).encode()[:-1] + b', "event": "Product Clicked"}'
        answer = quaylai.post_tracking("track", body)
        assert answer.status in (200, 400), answer
        quaylai.settle()
        assert quaylai.event_count(message_id) == (1 if answer.status == 200 else 0)

    @pytest.mark.parametrize("timestamp", ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
    def test_dates_far_away(self, quaylai, timestamp):
        user_id = new_id("far")
        message_id = quaylai.track("Product Viewed", {"product_id": "P-1"}, userId=user_id, timestamp=timestamp)
        quaylai.settle()
        (stored,) = quaylai.events_of(quaylai.profile(f"user_id:{user_id}")["id"])
        assert stored["message_id"] == message_id

    def test_ten_thousand_attributes(self, quaylai, quickly):
        user_id = new_id("wide")
        for start in range(0, 10_000, 2_000):
            quaylai.identify(user_id, {f"a{n}": n for n in range(start, start + 2_000)})
        quaylai.identify(user_id, {"email": f"{user_id}@example.com"})
        quaylai.settle()
        profile = quaylai.profile(f"email:{user_id}@example.com")
        assert len(profile["attributes"]) <= 10_001
        assert len(quaylai.events_of(profile["id"])) == 6

    def test_a_wrong_key(self, quaylai):
        message_id = new_id()
        response = quaylai._http.post(
            f"{quaylai.base}/v1/track", auth=("no-such-key", ""), json=event(message_id), timeout=10
        )
        assert response.status_code < 500
        assert_nothing_stored(quaylai, message_id)

    def test_the_write_key_cannot_read(self, quaylai):
        answer = quaylai.request("GET", "/status", headers={"authorization": f"Bearer {quaylai.write_key}"})
        assert answer.status in (401, 403), answer


def gzip_of_zeros() -> bytes:
    """256 MiB of zeros, packed into about 256 KB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(256)) + packer.flush()


class TestTemplates:
    @pytest.fixture
    def reader(self, quaylai) -> str:
        user_id = new_id("reader")
        quaylai.identify(user_id, {"email": f"{user_id}@example.com"})
        quaylai.settle()
        return quaylai.profile(f"user_id:{user_id}")["id"]

    @pytest.mark.parametrize("bomb", BOMBS)
    def test_a_bomb_is_refused_when_saved_or_when_rendered(self, quaylai, reader, quickly, bomb):
        template = {**ORDER_TEMPLATE, "subject": "x", "body": {"kind": "mjml", "source": BOMBS[bomb]}}
        saved = quaylai.try_template("bomb", template)
        assert saved.status < 500, saved
        if saved.status < 300:
            saved = quaylai.preview("bomb", reader)
        assert 400 <= saved.status < 500, saved
        assert saved.body.get("code") and saved.body.get("detail"), saved


class TestMail:
    """A transactional mail meets a mail server that misbehaves; it arrives once, or the ledger says why not."""

    @pytest.fixture
    def shop(self, quaylai, mail):
        quaylai.use_smtp(mail.host, mail.port, reply_ms=1_000)
        quaylai.put_template("order", ORDER_TEMPLATE)
        quaylai.put_journey("order", ORDER_JOURNEY)
        return quaylai

    def order(self, shop) -> tuple[str, str]:
        user_id = new_id("buyer")
        email = f"{user_id}@example.com"
        shop.identify(user_id, {"email": email})
        shop.track("Order Placed", {"order_id": f"DH-{user_id}"}, userId=user_id)
        shop.settle()
        return email, shop.profile(f"user_id:{user_id}")["id"]

    def final_row(self, shop, profile_id: str, *states: str) -> dict:
        def rows():
            return [row for row in shop.messages_of(profile_id) if row["state"] in states]

        (row,) = wait_until(rows, f"a ledger row in one of {states}", 120, every_s=0.25)
        return row

    @pytest.mark.parametrize(
        "fault", [Fault.HANG_AT_BANNER, Fault.DROP_MID_DATA, Fault.REFUSE_RECIPIENT_FOR_NOW, Fault.CLOSE_FOR_NOW]
    )
    def test_a_passing_fault_delays_the_mail(self, shop, mail, fault):
        mail.misbehave(fault)
        email, profile_id = self.order(shop)
        self.final_row(shop, profile_id, "sent")
        assert len(mail.to(email)) == 1

    def test_silence_after_the_whole_message_means_unknown_and_never_twice(self, shop, mail):
        mail.misbehave(Fault.HANG_AFTER_DATA)
        email, profile_id = self.order(shop)
        row = self.final_row(shop, profile_id, "unknown")
        assert len(mail.to(email)) <= 1, row

    def test_a_server_that_hangs_up_without_an_answer_is_asked_again_under_the_same_id(self, shop, mail):
        # It gave no 250, so the mail counts as not accepted (RFC 5321, 4.2.5). Ours kept a copy all the same:
        # the mailbox can tell by the Message-ID.
        mail.misbehave(Fault.DROP_AFTER_ACCEPT)
        email, profile_id = self.order(shop)
        self.final_row(shop, profile_id, "sent")
        assert len({letter.message["Message-ID"] for letter in mail.to(email)}) == 1

    @pytest.mark.parametrize("fault", [Fault.REFUSE_RECIPIENT, Fault.REFUSE_MESSAGE])
    def test_a_final_refusal_is_told(self, shop, mail, fault):
        mail.misbehave(fault)
        email, profile_id = self.order(shop)
        row = self.final_row(shop, profile_id, "failed", "bounced")
        assert "5" in row["detail"], row
        assert mail.to(email) == []
