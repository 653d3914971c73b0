"""The main job, told once: a phone registers, a customer's text rings it, its answer reaches the carrier, the report
comes home. Who keeps the registrations makes no difference here."""
import threading

from report import NotSo, require

TRANSPORTS = ("udp", "tcp", "tls")


class Everything:
    """What one installation and one carrier were seen to do, to be looked at once more at the end."""

    def __init__(self, report, where, house, carrier, registrar):
        self.report, self.where = report, where
        self.house, self.carrier, self.registrar = house, carrier, registrar
        self.phones, self.shown_once, self.sent_once = [], [], []
        self._lock = threading.Lock()

    def keep(self, phone):
        with self._lock:
            self.phones.append(phone)
        return phone

    def must_be_shown_once(self, phone, text):
        with self._lock:
            self.shown_once.append((phone, text))

    def must_be_sent_once(self, text):
        with self._lock:
            self.sent_once.append(text)

    def last_look(self):
        """When all is quiet: nothing came twice, nothing left that nobody wrote."""
        def shown():
            for phone, text in self.shown_once:
                count = len(phone.shown(text))
                require(count == 1, f"{phone.kind} {phone.account.user} was sent {text!r} {count} times")

        def ledger():
            sent = sorted(one.get("Body", "") for one in self.carrier.sent())
            require(sent == sorted(self.sent_once), f"the carrier has {sent}, the phones wrote {self.sent_once}")

        def faults():
            require(not self.carrier.faults, f"the carrier found fault: {self.carrier.faults}")

        def panics():
            found = [line for line in self.house.what_it_said().splitlines() if "panicked" in line or " ERROR " in line]
            require(not found, f"{found}")

        self.report.check(f"{self.where}: each text was shown exactly once", shown)
        self.report.check(f"{self.where}: the carrier was sent what the phones wrote, and nothing else", ledger)
        self.report.check(f"{self.where}: each request was as the carrier's documents want it", faults)
        self.report.check(f"{self.where}: the daemon met nothing it could not handle", panics)

    def stop(self):
        for phone in self.phones:
            phone.stop()


class Line:
    """One extension with a number of ours that leads to it and a customer who writes there."""

    def __init__(self, house, index, password=None):
        self.extension = str(1100 + index)
        self.number = f"+49155500001{index:02d}"
        self.customer = f"+49155501000{index:02d}"
        self.password = house.add_extension(self.extension) if password is None else password
        house.add_number(self.number, extension=self.extension)


def customer_writes(all_of, line, text):
    """The signed webhook; the house must say 2xx."""
    status = all_of.carrier.customer_writes(line.customer, line.number, text, all_of.house.webhook_path)
    require(200 <= status < 300, f"the webhook was answered with {status}")


def converse(all_of, line, phone, name):
    """A whole conversation on a phone that is registered; each promise is a check."""
    report, house, carrier = all_of.report, all_of.house, all_of.carrier
    # Short enough for one datagram, and far from ASCII.
    asked = f"Do you have the blue one, {name}? Grüße, Привет, 你好 👋🏽"
    told = f"Yes: {name}. 12 € – schöne Grüße 👍🏽"
    all_of.must_be_shown_once(phone, asked)
    all_of.must_be_sent_once(told)

    if not report.check(f"{name}: a customer's text comes in by a signed webhook", customer_writes, all_of, line,
                        asked):
        return
    got = report.get(f"{name}: the phone shows exactly that text", phone.wait_for_text, asked)
    if not got:
        return

    def comes_from_customer():
        require(got.from_user == line.customer, f"From is {got.get('From')}")
        house.wait_on_phone(line.customer, asked, line.extension, "sent", "delivered", "read")
    report.check(f"{name}: it comes from the customer's number, and the portal knows it rang", comes_from_customer)

    def answers():
        phone.send(line.customer, told)
        sent = carrier.wait_for_text(told)
        require((sent["From"], sent["To"]) == (line.number, line.customer), f"{sent}")
        return sent
    sent = report.get(f"{name}: the phone's answer reaches the carrier as one valid request", answers)
    if not sent:
        return

    def comes_home():
        house.wait_status(line.customer, told, "sent", "delivered")
        for status in ("sent", "delivered"):
            answer = carrier.report(sent, status)
            require(200 <= answer < 300, f"the status callback was answered with {answer}")
        message = house.wait_status(line.customer, told, "delivered")
        require(message["author"]["kind"] == "extension", f"{message['author']}")
    report.check(f"{name}: the delivery report comes home: delivered", comes_home)
    if phone.kind == "linphone":
        receipts(all_of, line, phone, name, asked)


def receipts(all_of, line, phone, name, asked):
    """linphone tells that it got a text (RFC 5438), and shows what it is told about its own."""
    report, house = all_of.report, all_of.house

    def its_receipt():
        house.wait_on_phone(line.customer, asked, line.extension, "delivered", "read")
        require(phone.receipts_sent(), "it sent none")
    report.check(f"{name}: the phone's receipt is heard, and sent to nobody", its_receipt)

    def our_receipt():
        from report import wait_for
        try:
            wait_for("", lambda: {"DeliveredToUser", "Displayed"} & set(phone.bubble()), 15.0)
        except NotSo:
            raise NotSo(f"its bubble went through {phone.bubble()}") from None
    report.check(f"{name}: the carrier's report shows in the phone's bubble", our_receipt)
