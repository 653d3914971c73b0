#!/usr/bin/env python3
"""Signs a webhook as Twilio does, with Twilio's own library (PyPI: twilio), so that no code of ours judges itself.

Reads {"token": ..., "url": ..., "params": {...}} as JSON on stdin (instead of params: "body", the text of a JSON body;
with "algorithm": "HMAC_SHA256" for a shared key) and prints {"signature": ..., "url": ...}: the url to call, which for
a body has its hash in it.
"""
import hashlib
import inspect
import json
import sys

from twilio.request_validator import RequestValidator


def sign(wanted):
    url, params = wanted["url"], wanted.get("params", {})
    if "body" in wanted:
        url += ("&" if "?" in url else "?") + "bodySHA256=" + hashlib.sha256(wanted["body"].encode()).hexdigest()
        params = {}
    validator = RequestValidator(wanted["token"])
    algorithm = wanted.get("algorithm")
    if algorithm and "algorithm" in inspect.signature(validator.compute_signature).parameters:
        signature = validator.compute_signature(url, params, algorithm=algorithm)
    elif algorithm:
        sys.exit("this version of the library signs with HMAC-SHA1 only: twilio 9.13.0 or newer is needed")
    else:
        signature = validator.compute_signature(url, params)
    return {"signature": signature, "url": url}


def main():
    json.dump(sign(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
