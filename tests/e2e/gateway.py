"""Part four: a GSM gateway, played by SIPp, registers at the house, brings customers' texts and takes ours."""
import os

from conversation import TRANSPORTS
from house import House
from phones import Account, Sipp
from report import require, wait_for

PASSWORD = "the-gateway-s-own-password"


class Gateway(Sipp):
    """SIPp as a gateway: its account proves it, its From names the customer."""

    kind = "gateway"

    def brings(self, customer, number, text):
        self.customer = customer
        self.send(number, text, scenario="gateway_text.xml")

    def _people(self, name, more):
        account = self.account
        login = f"[authentication username={account.user} password={account.password}]"
        who = account.user if name == "register.csv" else self.customer
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(f"SEQUENTIAL\n{who};{login};{more}\n")


def run(report, folder):
    house = House(folder, "gateway")
    if not report.check("gateway: the daemon starts", lambda: (house.start(), house.log_in())):
        return
    house.add_extension("1100")
    # Nobody owns what comes in there, so the admin may answer.
    queue = house.add_queue("Team", "none", ["1100"])
    gateways = []
    try:
        for index, transport in enumerate(one for one in TRANSPORTS if one != "tls"):
            one_gateway(report, folder, house, queue, gateways, index, transport)
    finally:
        for gateway in gateways:
            gateway.stop()
    report.check("gateway: the daemon stops when it is told", lambda: require(house.stop() == 0, "it did not"))


def one_gateway(report, folder, house, queue, gateways, index, transport):
    name = f"gateway over {transport.upper()}"
    user, number, customer = f"goip{index}", f"+4915550002{index}1", f"+4915550102{index}1"
    trunk = house.post("/trunks", name=f"Gateway {transport}", carrier="sip", enabled=True, settings={
        "inbound_user": user, "inbound_password": PASSWORD, "number_format": "plus", "parts": "one_sms"})
    channel = house.post("/channels", name=f"GSM {transport}", kind="sms", trunk=trunk["id"], enabled=True,
                         close_after_days=None)
    house.post("/numbers", channel=channel["id"], address=number, label="SIM", sender_class="long_code", mps=None,
               route={"queue": queue})
    gateway = Gateway(folder, Account(user, PASSWORD, transport, house.registrar(transport)))
    gateways.append(gateway)

    def registers():
        gateway.start()
        tested = lambda: house.post(f"/trunks/{trunk['id']}/test")
        good = lambda: [one for one in tested()["steps"] if one["name"] == "credentials" and one["verdict"] == "good"]
        wait_for("the gateway is registered", good, 20.0)

    def brings():
        gateway.brings(customer, number, "Wann kommt ihr?")
        message = wait_for("the text is in the inbox", lambda: house.message(customer, "Wann kommt ihr?"), 10.0)
        require(message["direction"] == "in", f"{message}")

    def takes():
        session = [one for one in house.get("/sessions?tab=all&limit=200")["items"]
                   if one["peer"]["address"] == customer][0]
        text = "Morgen um zehn. " * 14
        house.post(f"/sessions/{session['id']}/messages", text=text, client_id=f"gateway-{index}")
        house.wait_status(customer, text, "sent")
        parts = [one.body for one in gateway.texts() if one.body.startswith("(")]
        require([part[:6] for part in parts] == ["(1/2) ", "(2/2) "], f"the gateway has {parts}")

    if report.check(f"{name}: it registers at the house with its own user", registers):
        report.check(f"{name}: a customer's text is filed", brings)
        report.check(f"{name}: our answer arrives as numbered texts, and is sent", takes)
