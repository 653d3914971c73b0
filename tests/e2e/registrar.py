"""Part one: phones register at the house itself. Three kinds of phone, each over UDP, TCP and TLS."""
import os
import re

from conversation import TRANSPORTS, Everything, Line, converse, customer_writes
from house import PUBLIC_BASE, House
from mock_twilio import MockTwilio
from phones import KINDS, Account, Baresip, Linphone, Sipp
from report import at_the_same_time, require, wait_for


def run(report, folder):
    carrier = MockTwilio(PUBLIC_BASE)
    house = House(folder, "registrar")
    all_of = Everything(report, "registrar", house, carrier, house)
    if not report.check("registrar: the daemon starts and is set up through its API", set_up, house, carrier):
        return
    jobs, index = [], 0
    for kind in KINDS:
        for transport in TRANSPORTS:
            index += 1
            jobs.append((one_phone, all_of, folder, kind, transport, Line(house, index)))
    jobs.append((forged, all_of, Line(house, 20)))
    jobs.append((machinery, all_of, folder, Line(house, 21)))
    jobs.append((queue, all_of, folder, [Line(house, 22), Line(house, 23)]))
    for at, (kind, transport) in enumerate([(Sipp, "udp"), (Linphone, "udp"), (Baresip, "tcp"), (Linphone, "tls")]):
        jobs.append((long_text, all_of, folder, kind, transport, Line(house, 25 + at)))
    try:
        at_the_same_time(*jobs)
        all_of.last_look()
    finally:
        all_of.stop()
    report.check("registrar: the daemon stops when it is told", stops, house)
    carrier.close()


def set_up(house, carrier):
    house.start()
    house.log_in()
    house.connect_carrier(carrier)


def stops(house):
    status = house.stop()
    require(status == 0, f"it ended with {status}")


def one_phone(all_of, folder, kind, transport, line):
    name = f"{kind.kind} over {transport.upper()}"
    account = Account(line.extension, line.password, transport, all_of.house.registrar(transport))
    phone = all_of.keep(kind(folder, account, contacts=[line.customer]))

    def registers():
        phone.start()
        all_of.house.wait_registered(line.extension, transport)
    if all_of.report.check(f"{name}: the phone registers", registers):
        converse(all_of, line, phone, name)


def forged(all_of, line):
    """Whoever does not have the carrier's key says nothing here; whoever repeats it says nothing new."""
    carrier, house = all_of.carrier, all_of.house

    def refused():
        status = carrier.customer_writes(line.customer, line.number, "forged", house.webhook_path, token="0" * 32)
        require(status in (401, 403), f"it was answered with {status}")
        require(house.message(line.customer, "forged") is None, "it is in the inbox")
    all_of.report.check("registrar: a webhook signed with another key is refused", refused)

    def once():
        for _ in range(3):
            status = carrier.customer_writes(
                line.customer, line.number, "said once", house.webhook_path, sid="SM" + "5a" * 16)
            require(200 <= status < 300, f"it was answered with {status}")
        sessions = [one for one in house.get("/sessions?tab=all&limit=200")["items"]
                    if one["peer"]["address"] == line.customer]
        thread = house.get(f"/sessions/{sessions[0]['id']}/thread?limit=100")["items"]
        said = [one for one in thread if one["type"] == "message"]
        require(len(sessions) == 1 and len(said) == 1, f"{thread}")
    all_of.report.check("registrar: a webhook that comes three times is one text", once)


def machinery(all_of, folder, line):
    """What a phone says by itself (typing, receipts, files by address) is taken or refused, and never becomes a text."""
    account = Account(line.extension, line.password, "udp", all_of.house.registrar("udp"))
    phone = all_of.keep(Sipp(folder, account))
    text = "What does your phone say by itself?"

    def registers():
        phone.start()
        all_of.house.wait_registered(line.extension)
        customer_writes(all_of, line, text)
        return phone.wait_for_text(text).call_id
    call_id = all_of.report.get("registrar: a phone with much machinery registers and shows a text", registers)
    if not call_id:
        return
    check = all_of.report.check
    check("registrar: a typing notice is taken", phone.send, line.customer, "", "composing.xml")

    def receipt():
        phone.send(line.customer, call_id, "receipt.xml")
        all_of.house.wait_on_phone(line.customer, text, line.extension, "read")
    check("registrar: a receipt of a desk phone is heard", receipt)
    check("registrar: a file by its address is refused", phone.send, line.customer, "", "file.xml", False)

    def foreign():
        foreign = Account(line.extension, "not-the-password", "udp", all_of.house.registrar("udp"))
        Sipp(os.path.join(folder, "stranger"), foreign).send(line.customer, "at your cost", ok=False)
    check("registrar: a text with a wrong password is refused", foreign)

    def wrapped():
        inside = "Wrapped, and asking for receipts: schöne Grüße"
        all_of.must_be_sent_once(inside)
        phone.send(line.customer, inside, "cpim.xml")
        all_of.carrier.wait_for_text(inside)
    check("registrar: of a text in CPIM the customer gets the text alone", wrapped)

    for whom, number in (("nobody", "not-a-number"), ("a colleague", "1101"), ("ourselves", line.number)):
        check(f"registrar: a text to {whom} is refused", phone.send, number, "hello", "send.xml", False)


def long_text(all_of, folder, kind, transport, line):
    """Longer than a datagram: whole over TCP, in numbered parts where the phone has only UDP."""
    name = f"{kind.kind} over {transport.upper()}"
    account = Account(line.extension, line.password, transport, all_of.house.registrar(transport))
    phone = all_of.keep(kind(folder, account, contacts=[line.customer]))
    text = " ".join(f"Satz {number}: Füße, Größe, naïve Übergrößenträger!" for number in range(1, 29))

    def arrives():
        phone.start()
        all_of.house.wait_registered(line.extension, transport)
        customer_writes(all_of, line, text)
        all_of.house.wait_on_phone(line.customer, text, line.extension, "sent", "delivered", "read")
        wait_for("all of it", lambda: bare(joined(phone)) == bare(text), 10.0)
        count = len(phone.texts())
        require(count == 1 if transport != "udp" else count >= 1, f"in {count} parts")
    if not all_of.report.check(f"{name}: a long text arrives whole, once", arrives) or kind is not Linphone:
        return

    def answers():
        told = f"({transport}) {text}"
        all_of.must_be_sent_once(told)
        phone.send(line.customer, told)
        all_of.carrier.wait_for_text(told)
    all_of.report.check(f"{name}: a long answer reaches the carrier whole, once", answers)


def joined(phone):
    """What a person reads: the parts one after the other, without their numbers."""
    return "".join(re.sub(r"^\(\d+/\d+\) ?", "", one.body) for one in phone.texts())


def bare(text):
    return "".join(text.split())


def queue(all_of, folder, lines):
    """A number that leads to a queue: all ring, who answers first has it, the others are told."""
    house, carrier, check = all_of.house, all_of.carrier, all_of.report.check
    number, customer = "+4915550000190", "+4915550100190"
    first, other = lines
    accounts = [Account(line.extension, line.password, transport, house.registrar(transport))
                for line, transport in zip(lines, ("tcp", "udp"))]
    quick = all_of.keep(Baresip(folder, accounts[0], contacts=[customer]))
    slow = all_of.keep(Linphone(folder, accounts[1]))
    text, answer = "Is anybody there?", "I am. What can I do for you?"

    def set_up():
        house.add_number(number, queue=house.add_queue(
            "Service", "automatic", [first.extension, other.extension]))
        for phone in (quick, slow):
            phone.start()
        for line in lines:
            house.wait_registered(line.extension)
    if not check("queue: two phones register", set_up):
        return
    for phone in (quick, slow):
        all_of.must_be_shown_once(phone, text)
    all_of.must_be_sent_once(answer)

    def all_ring():
        status = carrier.customer_writes(customer, number, text, house.webhook_path)
        require(200 <= status < 300, f"{status}")
        quick.wait_for_text(text)
        slow.wait_for_text(text)
    check("queue: a text rings all its phones", all_ring)

    def answered():
        quick.send(customer, answer)
        sent = carrier.wait_for_text(answer)
        require((sent["From"], sent["To"]) == (number, customer), f"{sent}")
        session = next(one for one in house.get("/sessions?tab=all&limit=200")["items"]
                       if one["peer"]["address"] == customer)
        require((session["extension"] or {}).get("number") == first.extension, f"{session}")
    check("queue: who answers first has the conversation", answered)

    def told():
        wait_for("the other phone is told", lambda: [one for one in slow.texts() if one.body != text], 15.0)
        notice = [one for one in slow.texts() if one.body != text][0].body
        require(first.extension in notice, f"it was told {notice!r}")
    check("queue: the others are told who", told)

    def mine_now():
        more = "And on Sunday?"
        status = carrier.customer_writes(customer, number, more, house.webhook_path)
        require(200 <= status < 300, f"{status}")
        quick.wait_for_text(more)
        require(not slow.shown(more), "it rang on the other phone too")
    check("queue: what the customer writes next rings that phone alone", mine_now)
