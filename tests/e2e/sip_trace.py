"""What a phone received and sent, from the SIP trace the phone itself wrote."""
import re


class Message:
    """One SIP message of a trace."""

    def __init__(self, came, first, headers, body):
        self.came = came
        self.first = first
        self.headers = headers
        self.body = body

    def get(self, name):
        return self.headers.get(name.lower()) or self.headers.get(_SHORT.get(name.lower(), ""))

    @property
    def method(self):
        return self.first.split()[0]

    @property
    def status(self):
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0 ") else None

    @property
    def call_id(self):
        return self.get("Call-ID")

    @property
    def cseq(self):
        return self.get("CSeq")

    @property
    def media_type(self):
        return (self.get("Content-Type") or "").split(";")[0].strip().lower()

    @property
    def from_user(self):
        found = re.search(r"sips?:([^@>;]+)@", self.get("From") or "")
        return found.group(1) if found else ""

    @property
    def from_uri(self):
        found = re.search(r"<?(sips?:[^@>;]+@[^>;]+)", self.get("From") or "")
        return found.group(1) if found else ""


_SHORT = {"call-id": "i", "from": "f", "to": "t", "content-type": "c", "content-length": "l", "via": "v"}
_START = re.compile(rb"^(?:SIP/2\.0 [1-6]\d\d[^\r\n]*|[A-Z]+ sips?:\S+ SIP/2\.0)\r?\n", re.M)


def read(path, came_in):
    """All messages of a trace. `came_in` is told the lines before one, and says whether the phone received it."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return []
    found = []
    for start in _START.finditer(data):
        end = re.compile(rb"\r?\n\r?\n").search(data, start.end())
        if not end:
            continue
        headers = {}
        for line in data[start.end():end.start()].decode("utf-8", "replace").splitlines():
            name, colon, value = line.partition(":")
            if colon:
                headers.setdefault(name.strip().lower(), value.strip())
        length = headers.get("content-length") or headers.get("l") or "0"
        body = data[end.end():end.end() + int(length)] if length.isdigit() else b""
        before = data[max(0, start.start() - 500):start.start()].decode("utf-8", "replace").rstrip().splitlines()
        first = start.group().decode("utf-8", "replace").strip()
        found.append(Message(came_in(before or [""]), first, headers, body.decode("utf-8", "replace")))
    return found


def texts(messages):
    """The MESSAGEs that came in, each once: a retransmission has the Call-ID and CSeq of what it repeats."""
    seen, kept = set(), []
    for message in messages:
        key = (message.call_id, message.cseq)
        if message.came and message.method == "MESSAGE" and key not in seen:
            seen.add(key)
            kept.append(message)
    return kept
