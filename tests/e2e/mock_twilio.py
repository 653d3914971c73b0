"""A carrier that speaks as Twilio's Messages API does and checks each request that comes; reports go home signed
by Twilio's own library. It keeps a ledger: what a real one would have sent, and billed.
"""
import base64
import http.client
import http.server
import json
import re
import secrets
import threading
import time
import urllib.parse

from report import NotSo, wait_for
from twilio_sign import sign

_FIELDS = {"To", "From", "Body", "StatusCallback", "ValidityPeriod", "MediaUrl"}


class MockTwilio:
    """One account at the carrier, and the way from the carrier to the house."""

    def __init__(self, public_base):
        self.account = "AC" + secrets.token_hex(16)
        self.token = secrets.token_hex(16)
        # What the carrier believes our address to be, and where that leads: a proxy, in real life.
        self.public_base = public_base
        self.door = None
        self.ledger = []
        self.faults = []
        # Files of customers, by the path they are fetched at.
        self._shelf = {}
        self.is_down = False
        # How often it was asked while it was down.
        self.turned_away = 0
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def sent(self, text=None, to=None, sender=None):
        """What was accepted: all, or what fits."""
        with self._lock:
            return [one for one in self.ledger
                    if text in (None, one.get("Body", "")) and to in (None, one["To"]) and sender in (None, one["From"])]

    def wait_for_text(self, text, within_s=25.0):
        """The one request with this text."""
        return wait_for(f"the carrier gets {text!r}", lambda: self.sent(text), within_s)[0]

    def customer_writes(self, customer, number, text, webhook_path, token=None, sid=None, files=()):
        """The webhook of a text, signed by Twilio's library; the status of our answer to it. `files`: type and bytes."""
        sid = sid or ("MM" if files else "SM") + secrets.token_hex(16)
        form = {
            "ToCountry": "DE", "SmsMessageSid": sid, "NumMedia": str(len(files)), "SmsSid": sid, "SmsStatus": "received",
            "Body": text, "To": number, "NumSegments": "1", "MessageSid": sid, "AccountSid": self.account,
            "From": customer, "ApiVersion": "2010-04-01",
        }
        for at, (media_type, data) in enumerate(files):
            path = f"/2010-04-01/Accounts/{self.account}/Messages/{sid}/Media/ME{secrets.token_hex(16)}"
            self._shelf[path] = media_type, data
            form[f"MediaUrl{at}"], form[f"MediaContentType{at}"] = self.address + path, media_type
        return self.post(self.public_base + webhook_path, form, token)

    def wait_for_files(self, to, within_s=30.0):
        """The first message with files to this customer: type and bytes of each, as the carrier fetched them."""
        sent = wait_for(f"the carrier gets files for {to}",
                        lambda: [one for one in self.sent(to=to) if one["files"]], within_s)
        return sent[0]["files"]

    def fetch(self, url):
        """A file that we are to send on, as the carrier fetches it: type and bytes."""
        if not url.startswith(self.public_base + "/"):
            raise NotSo(f"a file at an address that is not ours: {url}")
        connection = http.client.HTTPConnection("127.0.0.1", self.door, timeout=15)
        connection.request("GET", url[len(self.public_base):])
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.status != 200:
            raise NotSo(f"{url} is answered with {answer.status}")
        return answer.getheader("Content-Type"), data

    def report(self, sent, status, **more):
        """A status callback about a message of the ledger, to the address that came with it."""
        form = {
            "SmsSid": sent["sid"], "SmsStatus": status, "MessageStatus": status, "To": sent["To"],
            "MessageSid": sent["sid"], "AccountSid": self.account, "From": sent["From"], "ApiVersion": "2010-04-01",
            **more,
        }
        return self.post(sent["StatusCallback"], form)

    def post(self, url, form, token=None):
        """One webhook, tried again for a while where the house is away, as carriers do."""
        signature = sign({"token": token or self.token, "url": url, "params": form})["signature"]
        if not url.startswith(self.public_base + "/"):
            raise NotSo(f"a webhook address that is not ours: {url}")
        path = url[len(self.public_base):]
        body = urllib.parse.urlencode(form)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature,
            "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "Host": urllib.parse.urlsplit(url).netloc,
        }
        until = time.monotonic() + 10.0
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.door, timeout=15)
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                answer.read()
                connection.close()
                return answer.status
            except (ConnectionError, http.client.HTTPException):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(mock):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if mock.is_down:
                    mock.turned_away += 1
                    self.answer(503, {"code": 20503, "message": "Service unavailable", "status": 503})
                    return
                faults, form = mock._examine(self.path, self.headers, body)
                if faults:
                    with mock._lock:
                        mock.faults.extend(faults)
                    self.answer(400, {"code": 20001, "message": "; ".join(faults), "status": 400})
                    return
                try:
                    files = [mock.fetch(url) for url in form.pop("MediaUrl", [])]
                except (OSError, NotSo) as why:
                    files = []
                    mock.faults.append(f"a file cannot be fetched: {why}")
                with mock._lock:
                    sent = {**form, "sid": "SM" + secrets.token_hex(16), "at": time.monotonic(), "files": files}
                    mock.ledger.append(sent)
                self.answer(201, {
                    "sid": sent["sid"], "account_sid": mock.account, "status": "queued", "direction": "outbound-api",
                    "to": form["To"], "from": form["From"], "body": form.get("Body", ""), "num_segments": "1",
                    "num_media": str(len(files)), "error_code": None, "error_message": None, "api_version": "2010-04-01",
                    "uri": f"/2010-04-01/Accounts/{mock.account}/Messages/{sent['sid']}.json",
                })

            def do_GET(self):
                basic = base64.b64encode(f"{mock.account}:{mock.token}".encode()).decode()
                found = mock._shelf.get(self.path)
                if found and self.headers.get("Authorization") == f"Basic {basic}":
                    self.give(200, *found)
                    return
                with mock._lock:
                    mock.faults.append(f"GET {self.path} was not to be expected")
                self.answer(404, {"code": 20404, "message": "not found", "status": 404})

            def answer(self, status, body):
                self.give(status, "application/json", json.dumps(body).encode())

            def give(self, status, media_type, data):
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler

    def _examine(self, path, headers, body):
        """Everything that is wrong with a request to send, in words; and its form."""
        faults = []

        def wanted(holds, fault):
            if not holds:
                faults.append(fault)

        wanted(path == f"/2010-04-01/Accounts/{self.account}/Messages.json", f"the path is {path}")
        basic = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        wanted(headers.get("Authorization") == f"Basic {basic}", "Authorization is not the account's")
        kind = (headers.get("Content-Type") or "").split(";")[0]
        wanted(kind == "application/x-www-form-urlencoded", f"Content-Type is {kind}")
        try:
            pairs = urllib.parse.parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True,
                                           errors="strict")
        except ValueError as error:
            return [*faults, f"the body is no form: {error}"], {}
        files = [value for name, value in pairs if name == "MediaUrl"]
        form = dict(pairs)
        wanted(len(form) == len(pairs) - max(0, len(files) - 1), "a field comes twice")
        form["MediaUrl"] = files
        wanted(not set(form) - _FIELDS, f"fields that were not to be expected: {set(form) - _FIELDS}")
        for name in ("To", "From"):
            wanted(re.fullmatch(r"\+[1-9]\d{6,14}", form.get(name, "")), f"{name} is {form.get(name)!r}")
        wanted(form.get("Body") or files, "Body is empty")
        wanted(form.get("StatusCallback", "").startswith(self.public_base + "/hook/"),
               f"StatusCallback is {form.get('StatusCallback')!r}")
        return faults, form
