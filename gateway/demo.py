"""The demo: an example organisation on loopback, on embedded defaults. Nothing leaves the machine.

It is a real installation (configuration, keys, database, all roles) made in one folder, plus a sink that plays the rest of
the world. Only its addresses and logins are canned.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ACCOUNTS = (("anna@example.nl", "Anna de Vries"), ("bram@example.nl", "Bram Bakker"))
PASSWORD = "zegel-demo-2026"  # for both accounts; loopback only, and printed

CONFIG = """\
# Written by `zegel demo`; read by every role of this demo.
hostname = "mail.example.nl"
data = "."
keys = "keys"
policies = ["policies.d"]

[smtp]
tls_certificate = "keys/tls.crt"
tls_key = "keys/tls.key"
trusted_networks = ["127.0.0.0/8", "::1"]
xforward_hosts = ["127.0.0.0/8", "::1"]
plain_auth_on_loopback = true

[[smtp.listener]]
address = "127.0.0.1:{smtp_port}"
tls = "starttls"

[deliver]
smarthost = "{smarthost}"
tls = "none"

[portal]
listen = "127.0.0.1:{http_port}"

[sms]
provider = "console"

[[organisation]]
id = "example"
name = "Voorbeeldziekenhuis"
domains = ["example.nl"]
language = "nl"
portal_url = "http://localhost:{http_port}"
support = "helpdesk@example.nl"
answers = "{answers}"
admins = ["beheer@example.nl"]

[[organisation.dkim]]
domain = "example.nl"
selector = "zegel"
key_file = "dkim-example.nl.pem"
"""

POLICIES = """\
# Written by `zegel demo`: two addresses to try what waits for a person. Edit it and send SIGHUP, or add files beside it.

[[policy]]
id = "demo-warns-the-sender"
when.recipient_domain = "vraag.example"
then.action = "warn"
then.choices = ["seal", "send", "remove", "cancel"]
then.answer_within = "PT8H"
then.explain.nl = "In de demo vraagt elk bericht aan vraag.example wat u ermee wilt."
then.explain.en = "In the demo, each message to vraag.example asks what you want with it."

[[policy]]
id = "demo-asks-a-reviewer"
when.recipient_domain = "toets.example"
then.action = "hold"
then.reviewers = ["bram@example.nl"]
then.explain.nl = "In de demo bekijkt Bram elk bericht aan toets.example."
then.explain.en = "In the demo, Bram looks at each message to toets.example."
"""

WELCOME = """
  Zegel demo. Everything listens on this machine's loopback only; nothing leaves it.

    mail in      127.0.0.1:{smtp_port}   (SMTP, STARTTLS; loopback is trusted, login is optional)
    pages        {url}
    demo inbox   {url}/demo/inbox        what left the gateway, and the text messages it sent

    logins       anna@example.nl and bram@example.nl, password {password}; sign in at {url}/login

  Send a mail with a citizen service number, then open the demo inbox:

    swaks --server 127.0.0.1:{smtp_port} --from anna@example.nl --to jan@elders.example \\
          --header 'Subject: Uitslag' --body 'Het BSN van de patient is 111222333.'

  or, without swaks:

    printf '%s\\r\\n' 'From: anna@example.nl' 'Subject: Uitslag' '' 'Het BSN van de patient is 111222333.' |
      curl smtp://127.0.0.1:{smtp_port} --mail-from anna@example.nl --mail-rcpt jan@elders.example --upload-file -

  Ask for a code by text message with a subject tag: 'Subject: [sms:+31612345678] Uitslag'. Mail to jan@vraag.example asks
  anna what she wants with it, mail to jan@toets.example waits for bram: both get a letter, in the demo inbox. Stop with Ctrl-C.
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo stands. `smarthost` replaces the sink, for tests with a real server behind."""

    folder: Path
    smtp_port: int
    http_port: int
    sink_port: int
    smarthost: str = ""
    answers: str = "plain"

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http_port}"

    def make_folders(self) -> None:
        for name in ("", "keys", "run", "world", "policies.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)

    def write_config(self) -> Path:
        """Writes the settings file anew: ports may have changed."""
        path = self.folder / "zegel.toml"
        path.write_text(
            CONFIG.format(
                smtp_port=self.smtp_port,
                http_port=self.http_port,
                smarthost=self.smarthost or f"smtp://127.0.0.1:{self.sink_port}",
                answers=self.answers,
            ),
            encoding="utf-8",
        )
        return path

    def write_policies(self) -> None:
        """Once: who tries something in the file keeps it."""
        path = self.folder / "policies.d" / "demo.toml"
        if not path.exists():
            path.write_text(POLICIES, encoding="utf-8")

    def welcome(self) -> str:
        return WELCOME.format(smtp_port=self.smtp_port, url=self.url, password=PASSWORD)
