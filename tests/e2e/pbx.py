"""Kamailio as the PBX: it keeps the registrations, and the house is its peer."""
import os
import subprocess

from processes import Program, free_port
from report import NotSo, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
OWN_SETTINGS = os.path.join(HERE, "kamailio.cfg")
TRUNK_USER, TRUNK_PASSWORD = "depesche", "a-secret-of-two"


class Pbx:
    """One PBX. `settings` is the file it is made from; `defines` switch parts of it on."""

    def __init__(self, folder, name, settings=OWN_SETTINGS, domain="127.0.0.1", defines=()):
        self.folder, self.domain, self._defines = os.path.join(folder, name), domain, ["WITH_TLS", *defines]
        os.makedirs(self.folder)
        with open(settings) as file:
            self._settings = file.read()
        self.port, self.tls_port = free_port(), free_port()
        self._program = None
        self.certificate = self._make_certificate()

    def registrar(self, transport):
        """Where a phone registers."""
        return "127.0.0.1", self.tls_port if transport == "tls" else self.port

    def start(self, house_port, users, house_transport="udp"):
        """Starts it as the peer of a house at a port of loopback; `users` are pairs of extension and password."""
        trunk = f"sip:127.0.0.1:{house_port};transport={house_transport}"
        for word, value in {
                "IP": "127.0.0.1", "UDPP": self.port, "TLSP": self.tls_port, "DOMAIN": self.domain,
                "RUNDIR": self.folder, "TRUNK_URI": trunk, "TRUNK_IP": "127.0.0.1", "TRUNK_PORT": house_port,
                "TRUNK_TOKEN": "trunk", "TRUNK_USER": TRUNK_USER, "TRUNK_PASSWORD": TRUNK_PASSWORD}.items():
            self._settings = self._settings.replace(f"@{word}@", str(value))
        self._write("kamailio.cfg", self._settings)
        people = "".join(f"  $sht(users=>{user}) = \"{password}\";\n" for user, password in users)
        self._write("users.cfg", "event_route[htable:mod-init] {\n" + people + "  $sht(faults=>code) = \"0\";\n}\n"
                    if "faults" in self._settings else "event_route[htable:mod-init] {\n" + people + "}\n")
        command = ["kamailio", "-DD", "-E", "-f", os.path.join(self.folder, "kamailio.cfg"), "-Y", self.folder, "-P",
                   os.path.join(self.folder, "pid"), "-m", "32", "-M", "4"]
        for define in self._defines:
            command += ["-A", define]
        self._program = Program(command, self.folder, "kamailio")
        wait_for("kamailio is up", self._is_up, 15.0, 0.2)

    def stop(self):
        if self._program:
            self._program.stop()

    def what_it_said(self):
        return self._program.what_it_said() if self._program else ""

    def wait_registered(self, user, transport, within_s=20.0):
        """Waits until a phone is registered; it says so in its log, in its own or another's words."""
        def there():
            return any("PBX regist" in line and user in line and
                       (f"over {transport} " in line or f"proto={transport} " in line)
                       for line in self.what_it_said().splitlines())
        wait_for(f"{user} is registered at the PBX over {transport}", there, within_s)

    def _is_up(self):
        if not self._program.runs:
            raise NotSo(f"kamailio ended:\n{self.what_it_said()[-1500:]}")
        # Port 0 of `ss` would need another package; its own word is enough.
        with open("/proc/net/tcp") as file:
            listens = f"0100007F:{self.port:04X} 00000000:0000 0A" in file.read()
        return listens

    def _make_certificate(self):
        key, certificate = (os.path.join(self.folder, name) for name in ("key.pem", "cert.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
             "2", "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext",
             "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"],
            check=True, capture_output=True, timeout=30)
        common = "verify_certificate = no\nrequire_certificate = no\n"
        self._write("tls.cfg", f"[server:default]\nmethod = TLSv1.2+\n{common}private_key = {key}\n"
                               f"certificate = {certificate}\n[client:default]\n{common}")
        return certificate

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)
