"""Mail that comes back: a real Postfix takes our mail, finds nobody, and reports; the report ends in a suppression."""

from __future__ import annotations

import email
import subprocess
import uuid

import pytest

from definitions import mjml
from postfix import DOMAIN, RETURNS_DOMAIN, Dovecot, Postfix, is_possible
from quaylai_server import binary
from waiting import wait_until

pytestmark = pytest.mark.skipif(not is_possible(), reason="needs root, postfix and dovecot-imapd")

TEMPLATE = {
    "name": "Cảm ơn",
    "channel": "email",
    "subject": "Cảm ơn {{ customer.name | default: 'bạn' }}",
    "body": {"kind": "mjml", "source": mjml("<mj-text>Cảm ơn bạn đã mua hàng.</mj-text>")},
}


@pytest.fixture(scope="module")
def postfix(tmp_path_factory):
    running = Postfix(tmp_path_factory.mktemp("postfix"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shop(server, postfix):
    client = server.client
    client.write("PATCH", "/settings", {"allow_private_networks": True})
    client.put_template("thanks", TEMPLATE)
    return client


def use_postfix(client, postfix, returns: dict) -> None:
    client.write(
        "PUT",
        "/channels/email",
        {
            "provider": "smtp",
            "host": postfix.host,
            "port": postfix.port,
            "security": "none",
            "from": {"email": "shop@aodai.example", "name": "Áo dài Hạnh"},
            "returns": {"address": f"bounce@{RETURNS_DOMAIN}", **returns},
        },
    )


def write_to(client, address: str) -> str:
    """Sends a message about an order, and returns its id."""
    client.identify(f"p{uuid.uuid4().hex[:10]}", {"email": address})
    client.settle()
    profile = client.profile(f"email:{address}")
    asked = {"profile_id": profile["id"], "template": "thanks", "purpose": "transactional"}
    return client.write("POST", "/messages", asked)["id"]


def message(client, address: str) -> dict:
    (found,) = client.messages_of(client.profile(f"email:{address}")["id"])
    return found


def suppressed(client, address: str) -> list[str]:
    rows = client.get("/suppressions", channel="email")["items"]
    return [row["reason"] for row in rows if row["address"] == address]


def pipe(server, raw: bytes, *arguments: str) -> subprocess.CompletedProcess:
    """As Postfix's pipe(8) would."""
    return subprocess.run(
        [binary(), "bounce", "--data", str(server.data), *server._database_arguments(), *arguments],
        input=raw,
        capture_output=True,
        timeout=60,
    )


def test_a_signed_mail_arrives(shop, server, postfix):
    use_postfix(shop, postfix, {})
    domain = shop.write("POST", "/domains", {"domain": "aodai.example"})
    # The mail server is the same for both stores, and keeps what the other had sent.
    before = len(postfix.mails("an"))
    write_to(shop, f"an@{DOMAIN}")
    raw = postfix.wait_for("an", before + 1)[-1]
    mail = email.message_from_bytes(raw)
    local, at = mail["return-path"].strip("<>").split("@")
    assert at == RETURNS_DOMAIN and local.startswith("bounce+") and len(local) <= 64, mail["return-path"]
    (key,) = [record for record in domain["records"] if record["purpose"] == "dkim"]
    dkim = pytest.importorskip("dkim")

    def dns(name, timeout=5):
        asked = (name.decode() if isinstance(name, bytes) else name).rstrip(".")
        return key["value"].encode() if asked == key["name"] else None

    # What the transport put before it is not signed.
    assert dkim.verify(raw, dnsfunc=dns), raw.decode()
    broken = raw.replace(b"Subject:", b"Subject: x", 1)
    assert not dkim.verify(broken, dnsfunc=dns)


def test_a_report_through_the_pipe_ends_in_a_suppression(shop, server, postfix):
    use_postfix(shop, postfix, {})
    address = f"khong.co.{uuid.uuid4().hex[:6]}@{DOMAIN}"
    before = len(postfix.mails("bounce"))
    write_to(shop, address)
    report = postfix.wait_for("bounce", before + 1)[-1]
    mail = email.message_from_bytes(report)
    assert mail.get_content_type() == "multipart/report"
    wait_until(lambda: message(shop, address)["state"] == "sent", "the message was accepted")
    to = mail["x-original-to"] or mail["delivered-to"]
    done = pipe(server, report, "--recipient", to)
    assert (done.returncode, done.stdout.strip()) == (0, b"taken"), done
    wait_until(lambda: suppressed(shop, address) == ["hard_bounce"], "the address is suppressed")
    row = message(shop, address)
    assert (row["state"], row["reason"]) == ("failed", "hard_bounce"), row
    # The same report once more, and one about somebody else's message, change nothing.
    assert pipe(server, report).returncode == 0
    foreign = report.replace(b"bounce+", b"bounce+aaaa")
    foreign = foreign.replace(b"Message-ID: <", b"Message-ID: <X")
    done = pipe(server, foreign)
    assert (done.returncode, done.stdout.strip()) == (0, b"nothing follows from it"), done
    shop.settle()
    assert suppressed(shop, address) == ["hard_bounce"]
    assert message(shop, address)["id"] == row["id"]


def test_a_mail_server_is_asked_to_wait_when_nothing_can_be_stored(server, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    done = subprocess.run(
        [binary(), "bounce", "--data", str(blocked / "data")], input=b"From: a@b.vn\r\n\r\nx", capture_output=True, timeout=60
    )
    assert done.returncode == 75, done


def test_a_report_in_a_mailbox_ends_in_a_suppression(shop, server, postfix, tmp_path):
    dovecot = Dovecot(tmp_path, postfix, "bounce")
    dovecot.start()
    try:
        mailbox = {
            "host": dovecot.host,
            "port": dovecot.port,
            "security": "none",
            "username": "bounce",
            "password": dovecot.password,
        }
        use_postfix(shop, postfix, {"mailbox": mailbox, "poll_seconds": 1})
        shown = shop.get("/channels/email")
        assert dovecot.password not in str(shown), shown
        address = f"khong.co.{uuid.uuid4().hex[:6]}@{DOMAIN}"
        write_to(shop, address)
        wait_until(lambda: suppressed(shop, address) == ["hard_bounce"], "the address is suppressed", 60)

        # What was taken is marked as read in the mailbox.
        def is_marked() -> bool:
            files = [file for file in (postfix.mail / "bounce" / "cur").glob("*") if address.encode() in file.read_bytes()]
            return any(file.name.partition(":2,")[2].find("S") >= 0 for file in files)

        wait_until(is_marked, "the report is marked as read", 60)
    finally:
        dovecot.stop()
    # A server that is gone is told of, and the rest goes on.
    before = len(postfix.mails("binh"))
    write_to(shop, f"binh@{DOMAIN}")
    postfix.wait_for("binh", before + 1)
