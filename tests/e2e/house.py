"""The daemon under test: the real program, on loopback, with a folder and ports of its own; and its API."""
import http.client
import json
import os
import re
import secrets
import signal
import time
import urllib.parse

from processes import Program, free_port
from report import NotSo, require, wait_for

PUBLIC_BASE = "https://sms.example.com"

_SETTINGS = """
[log]
level = "{log}"
[sip]
{sip}
udp = ["127.0.0.1:{port}"]
tcp = ["127.0.0.1:{port}"]
tls = ["127.0.0.1:{tls_port}"]
{sip_pbx}
[http.private]
listen = ["127.0.0.1:{private}"]
[http.public]
listen = ["127.0.0.1:{public}"]
base_url = "{base}"
[media]
# The carrier's way leads over a proxy; phones come straight to the door.
phone_base_url = "http://127.0.0.1:{public}"
[http_client]
allow_private = ["127.0.0.0/8"]
{client}
"""


class House:
    """One installation. `sip`, `sip_pbx` and `client` are lines of the settings file."""

    def __init__(self, folder, name, sip="", sip_pbx="", client=""):
        self.name = name
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.port, self.tls_port, self.private, self.public = (free_port() for _ in range(4))
        self._config = os.path.join(self.folder, "depesche.toml")
        with open(self._config, "w") as file:
            file.write(_SETTINGS.format(
                sip=sip, sip_pbx=sip_pbx, client=client, port=self.port, tls_port=self.tls_port, private=self.private,
                public=self.public, base=PUBLIC_BASE, log=os.environ.get("DEPESCHE_E2E_LOG", "info")))
        os.chmod(self._config, 0o600)
        self._program = None
        self._cookie = None
        self.webhook_path = None
        self.extensions = {}

    def registrar(self, transport):
        """Where a phone registers."""
        return "127.0.0.1", self.tls_port if transport == "tls" else self.port

    def start(self):
        """Starts it, and waits until it is well."""
        command = [os.environ["DEPESCHE_BIN"], "run", "--config", self._config, "--data", self._data()]
        self._program = Program(command, self.folder, "depesche")
        wait_for(f"{self.name} is up", self._is_well, 30.0)

    def stop(self, how=signal.SIGTERM):
        """Stops it; its exit status."""
        self._program.stop(how, 40.0)
        return self._program.status

    def log_in(self):
        """Logs in with the first password and gives the admin one of our own."""
        first = wait_for("the first password is told", self._first_password, 10.0)
        self.post("/login", name="admin", password=first)
        own = "e2e-" + secrets.token_hex(8)
        self.post("/login/password", old=first, new=own)
        self.post("/login", name="admin", password=own)

    def connect_carrier(self, carrier):
        """A trunk to the mock carrier with a channel for texts; the carrier learns the way to our public door."""
        trunk = self.post("/trunks", name="Mock", carrier="twilio", enabled=True, settings={
            "account_sid": carrier.account, "auth_token": carrier.token, "base_url": carrier.address})
        self.webhook_path = urllib.parse.urlsplit(trunk["webhook_url"]).path
        carrier.door = self.public
        channel = self.post("/channels", name="SMS", kind="sms", trunk=trunk["id"], enabled=True,
                            close_after_days=None)
        self._channel = channel["id"]

    def add_extension(self, number):
        """An extension; its password."""
        made = self.post("/extensions", number=number, name=f"Extension {number}", enabled=True, default_number=None)
        self.extensions[number] = made["extension"]["id"]
        return made["password"]

    def add_number(self, address, extension=None, queue=None):
        """One of our numbers, routed to an extension or a queue."""
        route = {"extension": self.extensions[extension]} if extension else {"queue": queue}
        self.post("/numbers", channel=self._channel, address=address, label=address[-4:], sender_class="long_code",
                  mps=None, route=route)

    def add_queue(self, name, pick_up, members):
        """A message queue; its id."""
        return self.post("/queues", name=name, pick_up=pick_up,
                         members=[self.extensions[number] for number in members])["id"]

    def extension(self, number):
        return self.get(f"/extensions/{self.extensions[number]}")

    def wait_registered(self, number, transport=None, within_s=20.0):
        """The binding of an extension's phone."""
        def binding():
            found = self.extension(number)["bindings"]
            fits = [one for one in found if transport in (None, one["transport"])]
            return fits[0] if fits else None
        return wait_for(f"{number} is registered", binding, within_s)

    def wait_gone(self, number, within_s=10.0):
        """Waits until nothing is registered for an extension."""
        wait_for(f"{number} is gone", lambda: not self.extension(number)["bindings"], within_s)

    def message(self, customer, text):
        """The message with this text in the conversation with this customer, as the portal would show it."""
        for session in self.get("/sessions?tab=all&limit=200")["items"]:
            if session["peer"]["address"] == customer:
                for item in self.get(f"/sessions/{session['id']}/thread?limit=100")["items"]:
                    if item["type"] == "message" and item["message"]["text"] == text:
                        return item["message"]
        return None

    def wait_status(self, customer, text, *statuses, within_s=20.0):
        """Waits until a message has one of these."""
        seen = []

        def there():
            message = self.message(customer, text)
            seen[:] = [message and message["status"]]
            return message if message and message["status"] in statuses else None
        try:
            return wait_for("", there, within_s)
        except NotSo:
            raise NotSo(f"{text!r} is {seen[0]}, not {' or '.join(statuses)}, after {within_s:g} s") from None

    def wait_on_phone(self, customer, text, extension, *statuses, within_s=20.0):
        """Waits until the delivery of a customer's text to an extension has one of these statuses."""
        seen = []

        def there():
            message = self.message(customer, text)
            seen[:] = [phone for phone in (message or {}).get("phones", []) if phone["extension"] == extension]
            return next((phone for phone in seen if phone["status"] in statuses), None)
        try:
            return wait_for("", there, within_s)
        except NotSo:
            raise NotSo(f"{text!r} on {extension} is {seen}, not {' or '.join(statuses)}") from None

    def log_of(self, message):
        """What was said on the wire about a message."""
        return self.get(f"/messages/{message['id']}/log")["items"]

    def get(self, path):
        return self._call("GET", path)

    def post(self, path, **body):
        return self._call("POST", path, body)

    def what_it_said(self):
        return self._program.what_it_said() if self._program else ""

    def _call(self, method, path, body=None):
        headers = {"X-Depesche": "portal", "Cookie": self._cookie or ""}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.private, timeout=15)
        try:
            connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        require(answer.status < 300, f"{method} {path}: {answer.status} {data[:400]!r}")
        cookie = answer.getheader("Set-Cookie")
        if cookie:
            self._cookie = cookie.split(";")[0]
        return json.loads(data) if data else None

    def _is_well(self):
        if not self._program.runs:
            raise NotSo(f"it ended with {self._program.status}:\n{self.what_it_said()[-2000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", self.private, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            time.sleep(0.05)
            return False
        finally:
            connection.close()

    def _first_password(self):
        try:
            with open(os.path.join(self._data(), "first-login.txt")) as file:
                found = re.search(r"\badmin\s+(\S+)", file.read())
        except FileNotFoundError:
            return None
        return found and found.group(1)

    def _data(self):
        return os.path.join(self.folder, "state")
