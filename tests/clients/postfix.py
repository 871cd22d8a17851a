"""A real Postfix and a real Dovecot on loopback ports, with everything they write below one folder.

Both want to be root: they drop their rights themselves. Where the tests are not root, or the programs are missing,
they cannot run.
"""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import subprocess
from pathlib import Path

from quaylai_server import end_with_parent, free_port
from waiting import wait_until

#: Addresses of these people are known at this domain; all others are not.
PEOPLE = ("an", "binh")
DOMAIN = "khach.example"
RETURNS_DOMAIN = "tra.example"
IMAP_PASSWORD = "thu tra ve"


def is_possible() -> bool:
    return os.geteuid() == 0 and all(shutil.which(name, path=_PATH) for name in ("postfix", "dovecot"))


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Postfix:
    """Takes mail for every address of two domains; what nobody has comes back as a report."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.host, self.port = "127.0.0.1", free_port()
        self.mail = folder / "mail"
        self._etc = folder / "etc"
        owner = pwd.getpwnam("postfix")
        for name in ("etc", "queue", "data", "mail"):
            (folder / name).mkdir(parents=True)
        for name in ("data", "mail"):
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        for above in (folder, *folder.parents):
            if above == Path("/tmp") or above == Path("/"):
                break
            above.chmod(above.stat().st_mode | 0o011)
        boxes = self._etc / "boxes"
        at_people, at_returns = (name.replace(".", "[.]") for name in (DOMAIN, RETURNS_DOMAIN))
        rules = [f"/^{name}@{at_people}$/ {name}/" for name in PEOPLE]
        rules.append(f"/^bounce([+].*)?@{at_returns}$/ bounce/")
        boxes.write_text("".join(f"{rule}\n" for rule in rules))
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": folder / "queue",
            "data_directory": folder / "data",
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": "mx.khach.example",
            "mydestination": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "recipient_delimiter": "+",
            "virtual_mailbox_domains": f"{DOMAIN} {RETURNS_DOMAIN}",
            "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": f"regexp:{boxes}",
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
            "virtual_minimum_uid": "1",
            # The unknown are found out after the message was taken, as behind a gateway: then a report comes back.
            "smtpd_reject_unlisted_recipient": "no",
            "smtpd_peername_lookup": "no",
            "maillog_file": folder / "log",
            "maillog_file_prefixes": folder,
        }
        (self._etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        services = [
            f"127.0.0.1:{self.port} inet n - n - - smtpd",
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            "showq unix n - n - - showq",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "discard unix - - n - - discard",
            "local unix - n n - - local",
            "virtual unix - n n - - virtual",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        (self._etc / "master.cf").write_text("\n".join(services) + "\n")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PATH": _PATH}
        return subprocess.run(
            ["postfix", "-c", str(self._etc), *arguments],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )

    def log(self) -> str:
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def start(self) -> None:
        started = self._run("start")
        assert started.returncode == 0, (started.stdout, started.stderr, self.log())

        def answers() -> bool:
            try:
                with smtplib.SMTP(self.host, self.port, timeout=5) as smtp:
                    return smtp.noop()[0] == 250
            except OSError:
                return False

        wait_until(answers, "Postfix answers")

    def stop(self) -> None:
        self._run("stop")

    def mails(self, box: str) -> list[bytes]:
        """What lies in a box, the oldest first."""
        found = [file for part in ("new", "cur") for file in (self.mail / box / part).glob("*")]
        return [file.read_bytes() for file in sorted(found, key=lambda file: file.stat().st_mtime_ns)]

    def wait_for(self, box: str, count: int = 1) -> list[bytes]:
        try:
            wait_until(lambda: len(self.mails(box)) >= count, f"{count} mail(s) in the box of {box}", 60)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log()[-4000:]}") from None
        return self.mails(box)


class Dovecot:
    """Shows a box of Postfix over IMAP."""

    def __init__(self, folder: Path, postfix: Postfix, box: str):
        self.host, self.port = "127.0.0.1", free_port()
        self._process: subprocess.Popen | None = None
        (folder / "run").mkdir(parents=True)
        owner = pwd.getpwnam("postfix")
        self._config = folder / "dovecot.conf"
        self.log = folder / "dovecot.log"
        self._config.write_text(
            f"""
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {self.log}
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{postfix.mail}/{box}
passdb {{
  driver = static
  args = password={IMAP_PASSWORD.replace(" ", "_")}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}
}}
service imap-login {{
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""
        )

    @property
    def password(self) -> str:
        return IMAP_PASSWORD.replace(" ", "_")

    def start(self) -> None:
        import imaplib

        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": _PATH},
            preexec_fn=end_with_parent,
        )

        def answers() -> bool:
            try:
                imaplib.IMAP4(self.host, self.port, timeout=5).logout()
                return True
            except (OSError, imaplib.IMAP4.error):
                return False

        try:
            wait_until(answers, "Dovecot answers")
        except AssertionError as late:
            told = self.log.read_text() if self.log.exists() else ""
            raise AssertionError(f"{late}\n{told}") from None

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=30)
