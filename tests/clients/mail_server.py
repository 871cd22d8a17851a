"""An SMTP server on loopback that keeps every mail it accepts and can be told to misbehave."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum

from aiosmtpd.smtp import SMTP

from waiting import wait_until


class Fault(Enum):
    """What can go wrong, in the order of an SMTP conversation."""

    HANG_AT_BANNER = "the connection is taken and nothing is ever said"
    REFUSE_RECIPIENT_FOR_NOW = "450 4.2.2 mailbox full"
    REFUSE_RECIPIENT = "550 5.1.1 no such user"
    CLOSE_FOR_NOW = "421 service not available, at RCPT"
    DROP_MID_DATA = "the connection is cut while the body is being sent"
    HANG_AFTER_DATA = "the body is taken and no verdict follows"
    REFUSE_MESSAGE = "554 5.7.1 refused, after the body"
    DROP_AFTER_ACCEPT = "the mail is kept, and the connection is cut before the answer"


AT_RECIPIENT = {
    Fault.REFUSE_RECIPIENT_FOR_NOW: "450 4.2.2 mailbox full",
    Fault.REFUSE_RECIPIENT: "550 5.1.1 no such user",
    Fault.CLOSE_FOR_NOW: "421 4.3.2 service not available",
}


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes = field(repr=False)

    def part(self, subtype: str) -> str:
        """The text of the `text/<subtype>` part; empty if there is none."""
        for part in self.message.walk():
            if part.get_content_type() == f"text/{subtype}":
                return part.get_content()
        return ""


class MailServer:
    """Runs in a thread of its own, on a port that the system chooses."""

    def __init__(self):
        self.mails: list[Mail] = []
        self.connections = 0
        self._faults: list[tuple[Fault, int]] = []
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def _listen(self):
        return await self._loop.create_server(lambda: _Conversation(self), "127.0.0.1", 0)

    def close(self) -> None:
        async def stop():
            self._server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def misbehave(self, fault: Fault, times: int = 1) -> None:
        """The next `times` conversations that get so far meet with `fault`."""
        with self._lock:
            self._faults.append((fault, times))

    def behave(self) -> None:
        with self._lock:
            self._faults.clear()

    def _meets(self, *candidates: Fault) -> Fault | None:
        with self._lock:
            for index, (fault, times) in enumerate(self._faults):
                if fault in candidates:
                    self._faults[index] = (fault, times - 1)
                    if times <= 1:
                        del self._faults[index]
                    return fault
        return None

    def _keep(self, envelope) -> None:
        raw = envelope.original_content or envelope.content
        message = email.message_from_bytes(raw, policy=email.policy.default)
        with self._lock:
            self.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), message, raw))

    def to(self, address: str) -> list[Mail]:
        with self._lock:
            return [mail for mail in self.mails if address in mail.recipients]

    def wait_for(self, address: str, count: int = 1, deadline_s: float = 30) -> list[Mail]:
        wait_until(lambda: len(self.to(address)) >= count, f"{count} mail(s) to {address}", deadline_s)
        return self.to(address)


class _Conversation(SMTP):
    def __init__(self, server: MailServer):
        super().__init__(_Handler(server), hostname="mail.test", enable_SMTPUTF8=True, loop=server._loop)
        self._mail_server = server

    async def _handle_client(self):
        self._mail_server.connections += 1
        if self._mail_server._meets(Fault.HANG_AT_BANNER):
            await asyncio.Event().wait()
        await super()._handle_client()

    async def smtp_DATA(self, arg):
        if self.envelope.rcpt_tos and self._mail_server._meets(Fault.DROP_MID_DATA):
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self._reader.readline()
            self.transport.abort()
            raise ConnectionResetError("cut mid-DATA, as scripted")
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, server: MailServer):
        self._server = server

    async def handle_RCPT(self, server, session, envelope, address, options):
        fault = self._server._meets(*AT_RECIPIENT)
        if fault:
            return AT_RECIPIENT[fault]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        fault = self._server._meets(Fault.HANG_AFTER_DATA, Fault.REFUSE_MESSAGE, Fault.DROP_AFTER_ACCEPT)
        if fault is Fault.HANG_AFTER_DATA:
            await asyncio.Event().wait()
        if fault is Fault.REFUSE_MESSAGE:
            return "554 5.7.1 refused"
        self._server._keep(envelope)
        if fault is Fault.DROP_AFTER_ACCEPT:
            server.transport.abort()
        return "250 2.0.0 kept"
