"""The mail server must fail in exactly the ways that it promises, or the tests built on it prove nothing."""

from __future__ import annotations

import smtplib

import pytest

from mail_server import Fault, MailServer
from waiting import wait_until

LETTER = "Subject: thu\r\nFrom: shop@example.com\r\nTo: an@example.com\r\n\r\nXin chao An\r\n"


def send(mail: MailServer, timeout_s: float = 5) -> None:
    with smtplib.SMTP(mail.host, mail.port, timeout=timeout_s) as smtp:
        smtp.sendmail("shop@example.com", ["an@example.com"], LETTER)


def test_keeps_what_it_accepts(mail):
    send(mail)
    (kept,) = mail.wait_for("an@example.com")
    assert kept.message["subject"] == "thu"
    assert kept.part("plain").strip() == "Xin chao An"


@pytest.mark.parametrize(
    "fault, code", [(Fault.REFUSE_RECIPIENT_FOR_NOW, 450), (Fault.REFUSE_RECIPIENT, 550), (Fault.CLOSE_FOR_NOW, 421)]
)
def test_refuses_a_recipient_once(mail, fault, code):
    mail.misbehave(fault)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(mail)
    assert refused.value.recipients["an@example.com"][0] == code
    send(mail)
    assert len(mail.to("an@example.com")) == 1


def test_refuses_a_message(mail):
    mail.misbehave(Fault.REFUSE_MESSAGE)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(mail)
    assert refused.value.smtp_code == 554
    assert not mail.mails


@pytest.mark.parametrize("fault", [Fault.HANG_AT_BANNER, Fault.HANG_AFTER_DATA])
def test_hangs(mail, fault):
    mail.misbehave(fault)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(mail, timeout_s=0.5)
    assert not mail.mails


def test_drops_mid_data_and_keeps_nothing(mail):
    mail.misbehave(Fault.DROP_MID_DATA)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(mail)
    assert not mail.mails


def test_drops_after_accepting(mail):
    mail.misbehave(Fault.DROP_AFTER_ACCEPT)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(mail)
    wait_until(lambda: len(mail.mails) == 1, "the mail is kept")
