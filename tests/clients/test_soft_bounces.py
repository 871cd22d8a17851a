"""A mailbox that stays full: soft bounces in a row end in a suppression, and one that was told twice counts once."""

from __future__ import annotations

import subprocess

from quaylai_server import binary
from test_campaigns import TEMPLATE, new_person
from waiting import wait_until

REPORT = """From: MAILER-DAEMON@mx.example.vn\r
To: {to}\r
Subject: Undelivered Mail Returned to Sender\r
Content-Type: multipart/report; report-type=delivery-status; boundary="B1"\r
\r
--B1\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.vn\r
\r
Final-Recipient: rfc822; x@example.vn\r
Action: failed\r
Status: 5.2.2\r
Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r
\r
--B1--\r
"""


def test_a_mailbox_that_stays_full_is_let_alone(server, quaylai, mail):
    quaylai.use_smtp(mail.host, mail.port)
    channel = quaylai.get("/channels/email")
    settings = {
        "provider": "smtp",
        "host": mail.host,
        "port": mail.port,
        "security": "none",
        "from": channel.get("from") or {"email": "shop@aodaihanh.example", "name": ""},
        "returns": {"address": "bounce@tra.example"},
    }
    quaylai.write("PUT", "/channels/email", settings)
    quaylai.write("PATCH", "/settings", {"deliverability": {"soft_bounces": 3, "soft_bounce_days": 0}})
    quaylai.put_template("women", TEMPLATE)
    address = new_person(quaylai)
    profile = quaylai.profile(f"email:{address}")["id"]

    def reasons() -> list[str]:
        rows = quaylai.get("/suppressions", channel="email")["items"]
        return [row["reason"] for row in rows if row["address"] == address]

    def bounced() -> int:
        return sum(row["reason"] == "soft_bounce" for row in quaylai.messages_of(profile))

    for number in range(1, 4):
        assert reasons() == []
        asked = {"profile_id": profile, "template": "women", "purpose": "transactional"}
        quaylai.write("POST", "/messages", asked)
        sent = mail.wait_for(address, number)[-1]
        assert sent.sender.startswith("bounce+") and sent.sender.endswith("@tra.example"), sent.sender
        wait_until(lambda: quaylai.messages_of(profile)[0]["state"] == "sent", "the message was accepted")
        for _ in range(2):
            done = subprocess.run(
                [binary(), "bounce", "--data", str(server.data), *server._database_arguments()],
                input=REPORT.format(to=sent.sender).encode(),
                capture_output=True,
                timeout=60,
            )
            assert (done.returncode, done.stdout.strip()) == (0, b"taken"), done
        wait_until(lambda: bounced() == number, f"{number} message(s) came back")
        quaylai.settle()
    wait_until(lambda: reasons() == ["soft_bounce"], "the address is let alone")
