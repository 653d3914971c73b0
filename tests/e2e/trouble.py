"""Part two: phones that are off, busy, mute or not who they say they are, and a house that is switched off and on."""
import os
import signal

from conversation import Everything, Line, customer_writes
from house import PUBLIC_BASE, House
from mock_twilio import MockTwilio
from phones import Account, Baresip, Linphone, Sipp
from registrar import set_up, stops
from report import at_the_same_time, require, wait_for


def run(report, folder):
    at_the_same_time((phones_in_trouble, report, folder), (house_in_trouble, report, folder),
                     (connections_in_trouble, report, folder))


def phones_in_trouble(report, folder):
    carrier = MockTwilio(PUBLIC_BASE)
    house = House(folder, "phones")
    all_of = Everything(report, "trouble", house, carrier, house)
    if not report.check("trouble: the daemon starts", set_up, house, carrier):
        return
    try:
        at_the_same_time(
            (stranger, all_of, folder, Line(house, 1)),
            (returns, all_of, folder, Baresip, "udp", Line(house, 2)),
            (returns, all_of, folder, Linphone, "tcp", Line(house, 3)),
            (returns, all_of, folder, Sipp, "tls", Line(house, 4)),
            (busy, all_of, folder, Line(house, 5)),
            (mute, all_of, folder, Line(house, 6)),
            (breaks_down, all_of, folder, Line(house, 7)),
            (two_phones, all_of, folder, Line(house, 8)))
        all_of.last_look()
    finally:
        all_of.stop()
    report.check("trouble: the daemon stops when it is told", stops, house)
    carrier.close()


def phone_of(all_of, folder, kind, line, transport="udp", **more):
    account = Account(line.extension, line.password, transport, all_of.house.registrar(transport))
    return all_of.keep(kind(folder, account, contacts=[line.customer], **more))


def stranger(all_of, folder, line):
    check = all_of.report.check

    def refused():
        account = Account(line.extension, "guessed", "udp", all_of.house.registrar("udp"))
        phone = all_of.keep(Linphone(folder, account))
        phone.start()
        phone.trace_says("to \\[LinphoneRegistrationFailed\\]")
        require(not all_of.house.extension(line.extension)["bindings"], "it is registered")
        phone.stop()
    check("trouble: a wrong password is refused", refused)

    def owner():
        phone = phone_of(all_of, folder, Baresip, line)
        phone.start()
        all_of.house.wait_registered(line.extension)
    check("trouble: the owner gets in all the same", owner)


def returns(all_of, folder, kind, transport, line):
    name = f"{kind.kind} over {transport.upper()}"
    phone = phone_of(all_of, folder, kind, line, transport)
    texts = [f"While you were out, {number} of 3 ({kind.kind})" for number in (1, 2, 3)]

    def goes():
        phone.start()
        all_of.house.wait_registered(line.extension)
        phone.stop()
        if kind is Sipp:
            # It cannot say goodbye; what is sent to it meets a closed port.
            return
        all_of.house.wait_gone(line.extension)

    def waits():
        for text in texts:
            all_of.must_be_shown_once(phone, text)
            customer_writes(all_of, line, text)
        all_of.house.wait_on_phone(line.customer, texts[2], line.extension, "queued")

    def comes_back():
        phone.start()
        for text in texts:
            phone.wait_for_text(text)
        shown = [one.body for one in phone.texts()]
        require(shown == texts, f"they came in this order: {shown}")
    check = all_of.report.check
    if check(f"trouble: {name} goes off", goes) and check(f"trouble: {name}: texts wait for the phone", waits):
        check(f"trouble: {name}: back again, it shows each once, in order", comes_back)


def busy(all_of, folder, line):
    phone = phone_of(all_of, folder, Sipp, line, answers="busy_first.xml")
    text = "Call me back when you are free"

    def is_busy():
        phone.start()
        all_of.house.wait_registered(line.extension)
        customer_writes(all_of, line, text)
        first = phone.wait_for_text(text)
        phone.trace_says("SIP/2.0 486 ")
        return first
    first = all_of.report.get("trouble: a phone is busy (486)", is_busy)
    if not first:
        return

    def takes_it():
        shown = wait_for("another try", lambda: phone.shown(text)[1:], 40.0)
        again = shown[0]
        require(again.call_id == first.call_id, f"{again.call_id} is not {first.call_id}")
        require(int(again.cseq.split()[0]) > int(first.cseq.split()[0]), f"CSeq {first.cseq}, then {again.cseq}")
        all_of.house.wait_on_phone(line.customer, text, line.extension, "sent", "delivered")
    all_of.report.check("trouble: it is tried again under the same Call-ID, and taken", takes_it)


def mute(all_of, folder, line):
    phone = phone_of(all_of, folder, Sipp, line, answers="mute.xml")
    text = "Can you hear me?"

    def heard_nothing():
        phone.start()
        all_of.house.wait_registered(line.extension)
        customer_writes(all_of, line, text)
        phone.wait_for_text(text)
        copies = wait_for("it is said again", lambda: copies_of(phone, text)[3:], 15.0)
        require(len({(one.call_id, one.cseq) for one in copies}) == 1, "the copies are not copies")
        # 32 s after the first, it gives up.
        all_of.house.wait_on_phone(line.customer, text, line.extension, "queued", within_s=45.0)
    if not all_of.report.check("trouble: a phone that never answers: the text is repeated, then waits", heard_nothing):
        return

    def speaks_again():
        first = copies_of(phone, text)[0]
        phone.break_down()
        phone.answers = "answer.xml"
        phone.start()
        later = wait_for("it comes again", lambda: [one for one in copies_of(phone, text) if one.cseq != first.cseq], 20)
        require(later[0].call_id == first.call_id, "under another Call-ID")
        all_of.house.wait_on_phone(line.customer, text, line.extension, "sent", "delivered")
    all_of.report.check("trouble: once the phone speaks again, it gets the text under the same Call-ID", speaks_again)


def copies_of(phone, text):
    return [one for one in phone.messages() if one.came and one.method == "MESSAGE" and one.body == text]


def breaks_down(all_of, folder, line):
    phone = phone_of(all_of, folder, Baresip, line, "tcp")
    text = "Are you still there?"
    all_of.must_be_shown_once(phone, text)

    def comes_back():
        phone.start()
        all_of.house.wait_registered(line.extension)
        phone.break_down()
        customer_writes(all_of, line, text)
        all_of.house.wait_on_phone(line.customer, text, line.extension, "queued", "sending")
        phone.start()
        phone.wait_for_text(text, 40.0)
    all_of.report.check("trouble: a phone that broke down without a word gets its text when it is back", comes_back)


def two_phones(all_of, folder, line):
    """One person, a desk phone and a softphone: a text rings both, and it is one text."""
    desk, soft = phone_of(all_of, folder, Baresip, line), phone_of(all_of, folder, Linphone, line, "tls")
    text = "Which of your phones is this?"

    def both():
        for phone in (desk, soft):
            phone.start()
        wait_for("both are registered", lambda: len(all_of.house.extension(line.extension)["bindings"]) == 2)
        for phone in (desk, soft):
            all_of.must_be_shown_once(phone, text)
        customer_writes(all_of, line, text)
        desk.wait_for_text(text)
        soft.wait_for_text(text)
    all_of.report.check("trouble: two phones of one extension both ring", both)


def house_in_trouble(report, folder):
    carrier = MockTwilio(PUBLIC_BASE)
    house = House(folder, "house")
    all_of = Everything(report, "restart", house, carrier, house)
    if not report.check("restart: the daemon starts", set_up, house, carrier):
        return
    lines = [Line(house, index) for index in (1, 2, 3)]
    try:
        phones = [phone_of(all_of, folder, Sipp, lines[0], expires_s=3600),
                  phone_of(all_of, folder, Linphone, lines[1], expires_s=3600),
                  phone_of(all_of, folder, Baresip, lines[2], expires_s=3600)]
        # Three ways to go: told to, cut off, and cut off with things to do.
        finds_phones(all_of, lines, phones, signal.SIGTERM, "told to stop")
        finds_phones(all_of, lines, phones, signal.SIGKILL, "cut off")
        keeps_its_word(all_of, lines, phones)
        all_of.last_look()
    finally:
        all_of.stop()
    report.check("restart: the daemon stops when it is told", stops, house)
    carrier.close()


def finds_phones(all_of, lines, phones, how, words):
    """Over UDP a binding is an address: after a restart it still leads to the phone."""
    house, check = all_of.house, all_of.report.check

    def restarts():
        for line, phone in zip(lines, phones):
            if not phone.program:
                phone.start()
            house.wait_registered(line.extension)
        house.stop(how)
        house.start()
    if not check(f"restart: {words}, the daemon starts again", restarts):
        return
    for line, phone in zip(lines, phones):
        text = f"Still reachable? ({words}, {phone.kind})"
        all_of.must_be_shown_once(phone, text)

        def rings(line=line, phone=phone, text=text):
            before = registers_of(phone)
            customer_writes(all_of, line, text)
            phone.wait_for_text(text)
            require(registers_of(phone) == before, "it registered anew")
        check(f"restart: {words}, it still finds {phone.kind}, which does not register anew", rings)


def registers_of(phone):
    return sum(1 for one in phone.messages() if one.method == "REGISTER" and not one.came)


def keeps_its_word(all_of, lines, phones):
    """Acknowledged is acknowledged: a text for a phone that is off, an answer for a carrier that is down."""
    house, carrier, check = all_of.house, all_of.carrier, all_of.report.check
    (away, _, talks), (off, _, phone) = lines, phones
    text, answer = "Written while all was dark", "Answered while the carrier was down"
    all_of.must_be_shown_once(off, text)
    all_of.must_be_sent_once(answer)

    def acknowledged():
        off.break_down()
        customer_writes(all_of, away, text)
        carrier.is_down = True
        phone.send(talks.customer, answer)
        # Cut off in the middle of the call, it would be uncertain, and the carrier asked for minutes before it goes again.
        wait_for("the carrier turns the answer away", lambda: carrier.turned_away, 15.0)
        house.wait_status(talks.customer, answer, "queued")
        house.stop(signal.SIGKILL)
        house.start()

    def arrive():
        carrier.is_down = False
        off.start()
        # It has a new port; at the old one the house may still be waiting for an answer.
        off.wait_for_text(text, 45.0)
        sent = carrier.wait_for_text(answer, 40.0)
        require(carrier.report(sent, "delivered") < 300, "the report was refused")
        house.wait_status(talks.customer, answer, "delivered")
    if check("restart: cut off with a text and an answer on their way, the daemon starts again", acknowledged):
        check("restart: both arrive, once", arrive)


def connections_in_trouble(report, folder):
    """Over TCP and TLS a restart ends the connection: the phone notices, or is found where it listens."""
    folder = os.path.join(folder, "connected")
    os.makedirs(folder)
    carrier = MockTwilio(PUBLIC_BASE)
    house = House(folder, "house")
    all_of = Everything(report, "reconnect", house, carrier, house)
    if not report.check("reconnect: the daemon starts", set_up, house, carrier):
        return
    lines = [Line(house, 1), Line(house, 2)]
    phones = [phone_of(all_of, folder, kind, line, transport, expires_s=60)
              for kind, line, transport in ((Linphone, lines[0], "tls"), (Baresip, lines[1], "tcp"))]

    def restarts():
        for line, phone in zip(lines, phones):
            phone.start()
            house.wait_registered(line.extension)
        house.stop()
        house.start()

    def rings(line, phone):
        text = f"Still connected? ({phone.kind})"
        all_of.must_be_shown_once(phone, text)
        customer_writes(all_of, line, text)
        # linphone listens nowhere and looks after its connection only when its registration is due.
        phone.wait_for_text(text, 75.0)
    try:
        if report.check("reconnect: the daemon starts again while phones are connected", restarts):
            for line, phone in zip(lines, phones):
                words = f"{phone.kind} over {phone.account.transport.upper()}"
                report.check(f"reconnect: {words} gets its text all the same", rings, line, phone)
        all_of.last_look()
    finally:
        all_of.stop()
    report.check("reconnect: the daemon stops when it is told", stops, house)
    carrier.close()
