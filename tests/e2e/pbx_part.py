"""Part three: the same through a PBX. Kamailio keeps the registrations; the house is its peer, known by address or by
digest, or registered at it as one of its users."""
import os

from conversation import TRANSPORTS, Everything, Line, converse
from house import PUBLIC_BASE, House
from mock_twilio import MockTwilio
from pbx import TRUNK_PASSWORD, TRUNK_USER, Pbx
from phones import KINDS, Account, Baresip, Linphone, Sipp
from registrar import set_up, stops
from report import at_the_same_time, require

ALL = [(kind, transport) for kind in KINDS for transport in TRANSPORTS]
FEW = [(Baresip, "udp"), (Linphone, "tcp"), (Sipp, "tls")]


class Kind:
    """How house and PBX know each other."""

    def __init__(self, name, phones, transport="udp", digest=False, register=False, domain="127.0.0.1", settings=None,
                 word=False):
        self.name, self.phones, self.transport, self.domain = name, phones, transport, domain
        self.digest, self.register, self.settings, self.word = digest, register, settings, word

    @property
    def defines(self):
        return ["WITH_TRUNK", *["WITH_DIGEST"] * self.digest, *["WITH_REGISTER"] * self.register]


def run(report, folder):
    kinds = [
        Kind("PBX by address", ALL, domain="pbx.example.com"),
        Kind("PBX by digest over TCP", FEW, transport="tcp", digest=True),
        Kind("PBX by digest over TLS", FEW[1:2], transport="tls", digest=True, domain="pbx.example.com"),
        Kind("PBX we register at", FEW[:1], digest=True, register=True),
    ]
    peers = os.environ.get("DEPESCHE_SIP_PEERS")
    theirs = os.path.join(peers, "kamailio-as-pbx.cfg") if peers else ""
    if os.path.exists(theirs):
        kinds.append(Kind("PBX of others", ALL, settings=theirs))
        kinds.append(Kind("PBX of others over TCP", FEW, transport="tcp", word=True, settings=theirs))
    else:
        report.skip("PBX of others", "DEPESCHE_SIP_PEERS names no folder with kamailio-as-pbx.cfg")
    for some in (kinds[:1], kinds[1:4], kinds[4:]):
        at_the_same_time(*[(one_kind, report, folder, kind) for kind in some])


def one_kind(report, folder, kind):
    name = kind.name
    folder = os.path.join(folder, name.replace(" ", "-"))
    os.makedirs(folder)
    carrier = MockTwilio(PUBLIC_BASE)
    more = {"settings": kind.settings} if kind.settings else {}
    pbx = Pbx(folder, "kamailio", domain=kind.domain, defines=kind.defines, **more)
    port = pbx.tls_port if kind.transport == "tls" else pbx.port
    settings = [f'[sip.pbx]\naddresses = ["127.0.0.1:{port}"]', f'transport = "{kind.transport}"',
                f'domain = "{kind.domain}"']
    if kind.digest:
        settings += ["trusted = []", f'user = "{TRUNK_USER}"', f'password = "{TRUNK_PASSWORD}"']
    if kind.word:
        settings += ['trunk_secret = "trunk"']
    if kind.register:
        settings += ["register = true", "register_expires_s = 60"]
    client = f'ca_file = "{pbx.certificate}"' if kind.transport == "tls" else ""
    house = House(folder, "house", sip='mode = "pbx"', sip_pbx="\n".join(settings), client=client)
    all_of = Everything(report, name, house, carrier, pbx)
    phones = []

    def begins():
        set_up(house, carrier)
        lines = []
        for index, (phone, transport) in enumerate(kind.phones, 1):
            line = Line(house, index)
            lines.append((line.extension, line.password))
            phones.append((line, phone, transport))
        users = lines + [(TRUNK_USER, TRUNK_PASSWORD)] * kind.digest
        house_port = house.tls_port if kind.transport == "tls" else house.port
        pbx.start(house_port, users, kind.transport)
        if kind.register:
            pbx.wait_registered(TRUNK_USER, kind.transport)
    try:
        if report.check(f"{name}: daemon and PBX start", begins):
            at_the_same_time(*[(one_phone, all_of, folder, *phone) for phone in phones])
            all_of.last_look()
    finally:
        all_of.stop()
    report.check(f"{name}: the daemon stops when it is told", stops, house)
    pbx.stop()
    carrier.close()


def one_phone(all_of, folder, line, kind, transport):
    name = f"{all_of.where}: {kind.kind} over {transport.upper()}"
    pbx = all_of.registrar
    account = Account(line.extension, line.password, transport, pbx.registrar(transport), pbx.domain)
    phone = all_of.keep(kind(folder, account, contacts=[line.customer]))

    def registers():
        phone.start()
        pbx.wait_registered(line.extension, transport)
        bindings = all_of.house.extension(line.extension)["bindings"]
        require(not bindings, f"it is registered at the house: {bindings}")
    if all_of.report.check(f"{name}: the phone registers", registers):
        converse(all_of, line, phone, name)
