#!/usr/bin/env python3
"""Signs webhooks with the carriers' own libraries (PyPI), so that no code of ours judges itself.

Reads {"carrier": ..., "secret": ..., "url": ..., "form": {...} or "body": "..."} as JSON on stdin and prints
{"url": ..., "headers": {...}, "body": "..."}: the request as the carrier would make it. Where a library only checks
signatures, what is printed is what it found to be right.
"""
import hashlib
import json
import sys
import time
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
NONCE = "01FJA8B4A7BM43YGWSG9GBV067"


def twilio(wanted):
    from twilio.request_validator import RequestValidator

    form = wanted["form"]
    signature = RequestValidator(wanted["secret"]).compute_signature(wanted["url"], form)
    return {"x-twilio-signature": signature, "content-type": FORM}, urlencode(form)


def plivo(wanted):
    from plivo.utils import signature_v3

    form, url, secret = wanted["form"], wanted["url"], wanted["secret"]
    signed = signature_v3.construct_post_url(url, form).decode()
    signature = signature_v3.get_signature_v3(secret.encode(), signed, NONCE).decode()
    assert signature_v3.validate_v3_signature("POST", url, NONCE, secret, signature, form)
    headers = {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": NONCE, "content-type": FORM}
    return headers, urlencode(form)


def vonage_sms(wanted):
    from vonage_http_client.auth import Auth

    form = dict(wanted["form"], timestamp=str(int(time.time())), nonce=NONCE)
    auth = Auth(api_key="abcd1234", api_secret="not-used", signature_secret=wanted["secret"], signature_method="sha256")
    form["sig"] = auth.sign_params(dict(form)).upper()
    assert auth.check_signature(dict(form))
    return {"content-type": FORM}, urlencode(form)


def vonage(wanted):
    # The library checks tokens and makes none of this kind: the token is made by the one below it.
    import jwt
    from vonage_jwt import verify_signature

    body = wanted["body"]
    claims = {
        "iat": int(time.time()), "jti": NONCE, "iss": "Vonage", "api_key": "abcd1234",
        "payload_hash": hashlib.sha256(body.encode()).hexdigest(),
    }
    token = jwt.encode(claims, wanted["secret"], algorithm="HS256")
    assert verify_signature(token, wanted["secret"])
    return {"authorization": "Bearer " + token, "content-type": "application/json"}, body


def sinch(wanted):
    from sinch.domains.authentication.sinch_events.v1 import authentication_validation as library

    body, stamp = wanted["body"], str(int(time.time()))
    signed = library.compute_signed_data(body, NONCE, stamp)
    headers = {
        "x-sinch-webhook-signature": library.calculate_sinch_event_signature(signed, wanted["secret"]),
        "x-sinch-webhook-signature-algorithm": "HmacSHA256",
        "x-sinch-webhook-signature-nonce": NONCE,
        "x-sinch-webhook-signature-timestamp": stamp,
        "content-type": "application/json",
    }
    assert library.validate_sinch_event_signature_with_nonce(wanted["secret"], headers, body)
    return headers, body


def main():
    wanted = json.load(sys.stdin)
    signers = {"twilio": twilio, "plivo": plivo, "vonage": vonage, "vonage_sms": vonage_sms, "sinch": sinch}
    headers, body = signers[wanted["carrier"]](wanted)
    json.dump({"url": wanted["url"], "headers": headers, "body": body}, sys.stdout)


if __name__ == "__main__":
    main()
