"""Part five: files. A picture of a customer is offered to Linphone, which fetches it, and is a link to baresip; a picture
from Linphone or Twinkle reaches the customer. Linphone's own library speaks its own HTTP, with its own digest."""
import http.client
import os
import re
import secrets
import struct
import urllib.parse
import zlib

from conversation import Everything
from house import PUBLIC_BASE, House
from mock_twilio import MockTwilio
from phones import Account, Baresip, LinphoneApp, Twinkle
from registrar import set_up, stops
from report import require, wait_for

NAME = "Küche vorher.png"


def run(report, folder):
    carrier = MockTwilio(PUBLIC_BASE)
    house = House(folder, "files")
    all_of = Everything(report, "files", house, carrier, house)
    if not report.check("files: the daemon starts and is set up through its API", set_up, house, carrier):
        return
    # All before the first phone: some register faster than a new extension is known everywhere, and try again late.
    desks = [Desk(house, index) for index in range(4)]
    try:
        one_linphone(all_of, folder, desks[0], "udp")
        one_linphone(all_of, folder, desks[1], "tcp")
        one_baresip(all_of, folder, desks[2])
        one_twinkle(all_of, folder, desks[3])
        all_of.last_look()
    finally:
        all_of.stop()
    report.check("files: the daemon stops when it is told", stops, house)
    carrier.close()


class Desk:
    """An extension with a number of ours, and a customer. MMS is for numbers of the carrier's own country."""

    def __init__(self, house, index):
        self.extension, self.number, self.customer = f"12{index}0", f"+155501001{index}0", f"+155501001{index}1"
        self._password, self._house = house.add_extension(self.extension), house
        house.add_number(self.number, extension=self.extension)

    def account(self, transport):
        return Account(self.extension, self._password, transport, self._house.registrar(transport))


def one_linphone(all_of, folder, desk, transport):
    name, house, carrier = f"linphone over {transport.upper()}", all_of.house, all_of.carrier
    number, customer, extension = desk.number, desk.customer, desk.extension
    account = desk.account(transport)
    server = f"http://127.0.0.1:{house.public}/ft"
    phone = all_of.keep(LinphoneApp(folder, account, file_server=server))
    check = all_of.report.check

    def registers():
        phone.start()
        house.wait_registered(extension, transport)
    if not check(f"{name}: the phone registers", registers):
        return
    theirs, text = png(60, 40), f"Here is the kitchen, {transport}"
    all_of.must_be_shown_once(phone, text)

    def comes_in():
        status = carrier.customer_writes(customer, number, text, house.webhook_path, files=[("image/png", theirs)])
        require(200 <= status < 300, f"the webhook was answered with {status}")
        phone.wait_for_text(text)
        wait_for("the phone has fetched the picture", lambda: phone.fetched(), 30.0)
        require(phone.fetched() == [theirs], "it is another picture")
        require(len(phone.offers()) == 1, f"it was offered {len(phone.offers())} times")
    check(f"{name}: a customer's picture is offered to the phone, which fetches it whole", comes_in)
    check(f"{name}: the portal knows that the phone has it", house.wait_on_phone, customer, text, extension, "sent",
          "delivered", "read")

    def goes_out():
        path = os.path.join(phone.folder, NAME)
        ours = png(80, 50)
        with open(path, "wb") as file:
            file.write(ours)
        require(phone.send_file(customer, path), "the phone says it was not delivered")
        [(media_type, data)] = carrier.wait_for_files(customer)
        require((media_type, data) == ("image/png", ours), f"the carrier fetched {media_type}, {len(data)} bytes")
    all_of.must_be_sent_once("")
    check(f"{name}: a picture from the phone reaches the customer as media, byte for byte", goes_out)

    def refused():
        stolen = os.path.join(phone.folder, "program.png")
        with open(stolen, "wb") as file:
            file.write(b"MZ\x90\x00" + bytes(200))
        require(not phone.send_file(customer, stolen), "the phone says it was delivered")
    check(f"{name}: what is no picture is refused where it is put, and the phone says so", refused)


def one_baresip(all_of, folder, desk):
    name, house, carrier, check = "baresip", all_of.house, all_of.carrier, all_of.report.check
    number, customer, extension = desk.number, desk.customer, desk.extension
    phone = all_of.keep(Baresip(folder, desk.account("udp"), contacts=[customer]))
    theirs, text = png(70, 45), "And here on a desk phone"
    all_of.must_be_shown_once(phone, text)

    def gets_a_link():
        phone.start()
        house.wait_registered(extension)
        status = carrier.customer_writes(customer, number, text, house.webhook_path, files=[("image/png", theirs)])
        require(200 <= status < 300, f"the webhook was answered with {status}")
        phone.wait_for_text(text)
        others = lambda: [one.body for one in phone.texts() if one.body != text]
        said = wait_for("a text with a link", others, 30.0)
        require(len(said) == 1, f"{said}")
        found = re.search(r"http://\S+", said[0])
        require(found, f"there is no link in {said[0]!r}")
        return found.group()
    link = all_of.report.get(f"{name}: a phone that knows only texts gets the text, and a link to the picture", gets_a_link)
    if not link:
        return

    def opens():
        path = urllib.parse.urlsplit(link).path
        status, headers, page = fetch(house, path, {"Accept-Language": "de"})
        require(status == 200 and b"<html lang=\"de\">" in page, f"{status} {page[:200]}")
        require("script" not in headers["content-security-policy"], headers["content-security-policy"])
        status, headers, data = fetch(house, f"{path}/1")
        require((status, headers["content-type"], data) == (200, "image/png", theirs), f"{status} {headers}")
        wrong, _, _ = fetch(house, "/" + secrets.token_hex(5)[:9])
        require(wrong == 404, f"a link that was made up is answered with {wrong}")
    check(f"{name}: behind the link is a page with the picture", opens)


def one_twinkle(all_of, folder, desk):
    name, house, carrier, check = "twinkle", all_of.house, all_of.carrier, all_of.report.check
    number, customer, extension = desk.number, desk.customer, desk.extension
    phone = all_of.keep(Twinkle(folder, desk.account("tcp")))
    ours = png(120, 130)
    all_of.must_be_sent_once("")

    def goes_out():
        phone.start()
        house.wait_registered(extension)
        path = os.path.join(phone.folder, "picture.png")
        with open(path, "wb") as file:
            file.write(ours)
        phone.send_file(customer, path)
        [(media_type, data)] = carrier.wait_for_files(customer)
        require((media_type, data) == ("image/png", ours), f"the carrier fetched {media_type}, {len(data)} bytes")
    check(f"{name}: a picture as the body of a message reaches the customer as media, byte for byte", goes_out)

    theirs, text = png(64, 48), "And on Twinkle"
    all_of.must_be_shown_once(phone, text)

    def gets_a_link():
        status = carrier.customer_writes(customer, number, text, house.webhook_path, files=[("image/png", theirs)])
        require(200 <= status < 300, f"the webhook was answered with {status}")
        phone.wait_for_text(text)
        wait_for("a text with a link", lambda: [one for one in phone.texts() if "http://" in one.body], 30.0)
    check(f"{name}: a customer's picture is a link there", gets_a_link)


def fetch(house, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", house.public, timeout=15)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def png(width, height):
    """A picture of random pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + secrets.token_bytes(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
