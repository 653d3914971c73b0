#!/usr/bin/env python3
"""A small carrier that speaks Depesche's general SMS API (configs/carriers/generic.md), to copy from and to try with.

    generic_carrier.py serve --port 8090 --api-key KEY --secret SECRET
    generic_carrier.py write --hook https://pbx.example.com/hook/... --secret SECRET --from +15550100123 --to +4930555000 --text Hello

It sends nothing to anyone: it takes messages, remembers them and reports them as delivered. Python 3, nothing else.
"""
import argparse
import collections
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MESSAGES_MAX = 10_000
BODY_BYTES_MAX = 65_536


def post_webhook(url, secret, event):
    """Signs an event and posts it; any 2xx means that it is on disk and need not come again."""
    body = json.dumps(event).encode()
    timestamp = str(int(time.time()))
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    headers = {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature-256": "sha256=" + mac.hexdigest()}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def report(carrier, message):
    """Tells what became of a message: sent, then delivered. Tried again until it is taken."""
    for status in ("sent", "delivered"):
        event = {"event": "message.status", "id": message["id"], "reference": message["reference"], "status": status}
        for pause in (0, 1, 5, 30):
            time.sleep(pause)
            try:
                post_webhook(message["report_url"], carrier.secret, event)
                message["status"] = status
                break
            except OSError as error:
                print("report not taken:", error, flush=True)


class Carrier(BaseHTTPRequestHandler):
    """One request. `api_key`, `secret` and `messages` belong to the server and are set by `serve`."""

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def refuse(self, status, code, message):
        self.answer(status, {"error": {"code": code, "message": message}})

    def known(self):
        good = hmac.compare_digest(self.headers.get("Authorization", ""), "Bearer " + self.api_key)
        if not good:
            self.refuse(401, "credentials_refused", "unknown API key")
        return good

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(min(length, BODY_BYTES_MAX))
        if not self.known():
            return
        if self.path != "/v1/messages":
            return self.refuse(404, "not_found", "no such address")
        try:
            wanted = json.loads(raw)
            key = self.headers.get("Idempotency-Key") or wanted.get("reference") or uuid.uuid4().hex
            message = {"from": wanted["from"], "to": wanted["to"], "text": wanted["text"]}
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.refuse(400, "unreadable", "from, to and text are needed")
        if not message["to"].startswith("+"):
            return self.refuse(400, "number_invalid", "to must be in E.164")
        with self.lock:
            if key in self.messages:  # the same message again: the same answer, and nobody is texted twice
                return self.answer(200, {"data": {"id": self.messages[key]["id"]}})
            message.update(id="m-" + uuid.uuid4().hex, reference=key, status="queued", report_url=wanted.get("report_url"))
            self.messages[key] = message
            while len(self.messages) > MESSAGES_MAX:
                self.messages.popitem(last=False)
        print(message["from"], "->", message["to"], flush=True)
        self.answer(200, {"data": {"id": message["id"], "segments": 1}})
        if message["report_url"]:
            threading.Thread(target=report, args=(self, message), daemon=True).start()

    def do_GET(self):
        if not self.known():
            return
        path, _, query = self.path.partition("?")
        if path == "/v1/account":
            return self.answer(200, {"account": "example"})
        wanted = urllib.parse.parse_qs(query).get("reference", [None])[0]
        name = urllib.parse.unquote(path.removeprefix("/v1/messages/"))
        with self.lock:
            found = [m for m in self.messages.values() if m["id"] == name or (wanted and m["reference"] == wanted)]
        if not found:
            return self.refuse(404, "not_found", "no such message")
        self.answer(200, {"data": {key: found[0][key] for key in ("id", "reference", "status")}})

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="take messages")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8090)
    serve.add_argument("--api-key", required=True)
    serve.add_argument("--secret", required=True)
    write = commands.add_parser("write", help="be a customer who writes")
    for name in ("--hook", "--secret", "--from", "--to", "--text"):
        write.add_argument(name, required=True)
    args = parser.parse_args()
    if args.command == "write":
        event = {"event": "message.received", "id": "in-" + uuid.uuid4().hex}
        event.update({"from": getattr(args, "from"), "to": args.to, "text": args.text})
        print(post_webhook(args.hook, args.secret, event))
        return
    Carrier.api_key, Carrier.secret = args.api_key, args.secret
    Carrier.messages, Carrier.lock = collections.OrderedDict(), threading.Lock()
    server = ThreadingHTTPServer((args.host, args.port), Carrier)
    print("listening on http://%s:%d/v1/messages" % server.server_address[:2], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
