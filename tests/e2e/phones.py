"""Phones we did not write. Each registers, shows what it received, and answers; all are used in the same way."""
import json
import os
import re
import socket
import sys

import sip_trace
from processes import Program, free_port
from report import NotSo, require, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))


class Account:
    """What a person types into a phone."""

    def __init__(self, user, password, transport, server, domain="127.0.0.1"):
        self.user, self.password, self.transport, self.domain = user, password, transport, domain
        self.host, self.port = server

    @property
    def server(self):
        return f"{self.host}:{self.port}"

    def uri(self, user):
        return f"sip:{user}@{self.domain}"


class Phone:
    """What all phones have in common. `contacts` are those it will ever write to."""

    kind = "phone"

    def __init__(self, folder, account, contacts=(), expires_s=600):
        self.account, self.contacts, self.expires_s = account, list(contacts), expires_s
        self.folder = os.path.join(folder, f"{self.kind}-{account.user}-{account.transport}")
        os.makedirs(self.folder, exist_ok=True)
        self.trace = os.path.join(self.folder, "trace")
        self.program = None

    def start(self):
        """Switches it on. Whether it got registered is for the registrar to say."""

    def send(self, to, text):
        """Writes a text to `sip:TO@domain`."""

    def stop(self):
        """Switches it off politely: it unregisters, where it can."""
        if self.program:
            self.program.stop()

    def break_down(self):
        """It is gone without a word."""
        if self.program:
            self.program.stop(9)

    def trace_says(self, pattern, within_s=15.0):
        """Waits for a line of its trace."""
        def there():
            with open(self.trace, "rb") as file:
                return re.search(pattern.encode(), file.read())
        return wait_for(f"{self.kind} says {pattern}", lambda: os.path.exists(self.trace) and there(), within_s)

    def messages(self):
        """Every SIP message of its trace, in order."""
        return sip_trace.read(self.trace, self._came_in)

    def texts(self):
        """What it was sent to be shown: MESSAGEs with text, retransmissions apart."""
        return [one for one in sip_trace.texts(self.messages()) if one.media_type == "text/plain"]

    def shown(self, text):
        """The MESSAGEs with exactly this text."""
        return [one for one in self.texts() if one.body == text]

    def wait_for_text(self, text, within_s=25.0):
        """The one MESSAGE with exactly this text."""
        try:
            shown = wait_for("", lambda: self.shown(text), within_s)
        except NotSo:
            raise NotSo(f"{self.kind} does not show {text!r} after {within_s:g} s, only "
                        f"{[one.body for one in self.texts()]}") from None
        require(len(shown) == 1, f"{self.kind} got {text!r} {len(shown)} times")
        return shown[0]

    def _came_in(self, before):
        raise NotImplementedError


class Baresip(Phone):
    """baresip: driven by its ctrl_tcp module; it knows text/plain only and writes only to its contacts."""

    kind = "baresip"

    def start(self):
        # TLS listens one port further.
        account, self._control, self._listens = self.account, free_port(), free_port(2)
        target = f"{account.server};transport={account.transport}"
        self._write("accounts", f"<sip:{account.user}@{account.domain};transport={account.transport}>"
                                f";auth_user={account.user};auth_pass={account.password}"
                                f";regint={self.expires_s};outbound=\"sip:{target}\"\n")
        people = dict.fromkeys([account.user, *self.contacts])
        self._write("contacts", "".join(f"\"{one}\" <{account.uri(one)}>\n" for one in people))
        self._write("config", "\n".join([
            "poll_method epoll", f"sip_listen 127.0.0.1:{self._listens}", f"sip_trans_def {account.transport}",
            "audio_player aufile,/dev/null", "audio_source ausine,440", "audio_alert aufile,/dev/null",
            "module_path /usr/lib/baresip/modules", "module stdio.so", "module g711.so", "module_app account.so",
            "module_app contact.so", "module_app menu.so", "module_app ctrl_tcp.so",
            f"ctrl_tcp_listen 127.0.0.1:{self._control}", ""]))
        # It ends where its standard input does: a pipe of ours keeps it.
        self.trace = os.path.join(self.folder, "baresip.said")
        self.program = Program(["baresip", "-f", self.folder, "-s", "-v"], self.folder, "baresip", stdin=-1)

    def send(self, to, text):
        for _ in range(2 * len(self.contacts) + 2):
            if f"<{self.account.uri(to)}>" in self._ask("contact_next").get("data", ""):
                break
        else:
            raise NotSo(f"baresip does not know {to}")
        require(self._ask("message", text)["ok"], "baresip does not send it")

    def _ask(self, command, params=""):
        """One command to ctrl_tcp: JSON in a netstring; events may come before the answer."""
        asked = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        connected = wait_for("baresip listens", self._connect, 10.0)
        with connected as connection:
            connection.settimeout(10)
            connection.sendall(b"%d:%s," % (len(asked), asked))
            heard = b""
            while True:
                head = re.match(rb"(\d+):", heard)
                if head and len(heard) > head.end() + int(head.group(1)):
                    end = head.end() + int(head.group(1))
                    answer, heard = json.loads(heard[head.end():end]), heard[end + 1:]
                    if answer.get("response"):
                        return answer
                    continue
                more = connection.recv(65536)
                if not more:
                    raise NotSo("baresip hung up its control connection")
                heard += more

    def _connect(self):
        try:
            return socket.create_connection(("127.0.0.1", self._control), 5)
        except OSError:
            return None

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def _came_in(self, before):
        # UDP 127.0.0.1:15060 -> 127.0.0.1:15180; over a connection that the house made, from any port to where it listens.
        found = re.search(r":(\d+) -> \S+:(\d+)$", before[-1])
        listens = (self._listens, self._listens + 1)
        return bool(found) and (int(found.group(1)) == self.account.port or int(found.group(2)) in listens)


class Linphone(Phone):
    """linphone-daemon: commands by its standard input, one line each; it answers each text with receipts."""

    kind = "linphone"

    def start(self):
        settings, home = self._set_up()
        self.program = Program(
            ["linphone-daemon", "--config", settings, "--log", self.trace, "--disable-stats-events"], self.folder,
            "linphone", environment={"HOME": home}, stdin=-1)

    def _set_up(self, misc=()):
        """Its settings and its home."""
        account = self.account
        # 0 is off, -1 is any port.
        ports = {transport: -1 if transport == account.transport else 0 for transport in ("udp", "tcp", "tls")}
        target = f"{account.server};transport={account.transport}"
        home = os.path.join(self.folder, "home")
        # Without this folder it crashes on the first message.
        os.makedirs(os.path.join(home, ".local/share/linphone"), exist_ok=True)
        settings = os.path.join(self.folder, "rc")
        with open(settings, "w") as file:
            file.write("\n".join([
                "[sip]", f"sip_port={ports['udp']}", f"sip_tcp_port={ports['tcp']}", f"sip_tls_port={ports['tls']}",
                "bind_address=127.0.0.1", "default_proxy=0", "register_only_when_network_is_up=0",
                "verify_server_certs=0", "verify_server_cn=0", "use_ipv6=0", "guess_hostname=0",
                f"contact=\"{account.user}\" <sip:{account.user}@127.0.0.1>", "[net]", "mtu=1300", "[misc]", "uuid=", *misc,
                "[proxy_0]", f"reg_proxy=<sip:{target}>", f"reg_route=<sip:{target};lr>",
                f"reg_identity=\"{account.user}\" <{account.uri(account.user)}>", f"realm={account.domain}",
                f"reg_expires={self.expires_s}", "reg_sendregister=1", "publish=0", "[auth_info_0]",
                f"username={account.user}", f"passwd={account.password}", f"domain={account.domain}", ""]))
        self.trace = os.path.join(self.folder, "trace")
        return settings, home

    def send(self, to, text):
        self.program.stdin.write(f"message {self.account.uri(to)} {text}\n".encode())
        self.program.stdin.flush()

    def stop(self):
        if self.program and self.program.runs:
            try:
                self.program.stdin.write(b"quit\n")
                self.program.stdin.flush()
            except OSError:
                pass
            self.program.wait(3.0)
        super().stop()

    def bubble(self):
        """The states its texts went through, as it says itself."""
        with open(self.trace, "rb") as file:
            return re.findall(r": moving from \w+ to (\w+)", file.read().decode("utf-8", "replace"))

    def receipts_sent(self):
        """The receipts it sent."""
        return [one for one in self.messages()
                if not one.came and one.method == "MESSAGE" and one.media_type == "message/imdn+xml"]

    def _came_in(self, before):
        # What came along with something else has no line of its own.
        return "message sent to" not in before[-1]


class LinphoneApp(Linphone):
    """The library of the Linphone apps: it sends files, and fetches those it is offered. `file_server` is the address it
    puts files at."""

    kind = "linphone-app"

    def __init__(self, *arguments, file_server, **more):
        super().__init__(*arguments, **more)
        self._file_server = file_server
        self._downloads = os.path.join(self.folder, "downloads")
        os.makedirs(self._downloads, exist_ok=True)

    def start(self):
        settings, home = self._set_up([f"file_transfer_server_url={self._file_server}"])
        self.program = Program(
            [sys.executable, "-B", f"{HERE}/linphone_sdk.py", settings, self.trace, self._downloads], self.folder,
            "linphone-app", environment={"HOME": home}, stdin=-1)

    def send_file(self, to, path):
        """Sends a file, and waits until the other side has taken it or not; says which."""
        self.program.stdin.write(f"send {self.account.uri(to)} {path}\n".encode())
        self.program.stdin.flush()
        ends = re.compile(re.escape(os.path.basename(path)) + r" is (delivered|not_delivered)$", re.M)
        found = wait_for(f"{path} is sent", lambda: ends.search(self.program.what_it_said()), 40.0)
        return found.group(1) == "delivered"

    def fetched(self):
        """The files it has fetched: their bytes."""
        files = []
        for name in os.listdir(self._downloads):
            with open(os.path.join(self._downloads, name), "rb") as file:
                files.append(file.read())
        return files

    def offers(self):
        """The files it was offered."""
        return [one for one in sip_trace.texts(self.messages()) if one.media_type.endswith("rcs-ft-http+xml")]

    def stop(self):
        if self.program and self.program.runs:
            self.program.stdin.close()
            self.program.wait(3.0)
        Phone.stop(self)


class Twinkle(Phone):
    """Twinkle on a console: it sends a file as the body of one MESSAGE, for which it needs TCP."""

    kind = "twinkle"

    def start(self):
        account, home = self.account, os.path.join(self.folder, "home")
        own = os.path.join(home, ".twinkle")
        os.makedirs(own, exist_ok=True)
        self._write(own, "twinkle.sys", [
            "dev_ringtone=alsa:null", "dev_speaker=alsa:null", "dev_mic=alsa:null", "validate_audio_dev=no",
            f"sip_port={free_port()}", f"rtp_port={free_port()}", "sip_max_tcp_size=1000000", "log_show_sip=yes"])
        self._write(own, "phone.cfg", [
            f"user_name={account.user}", f"user_domain={account.domain}", f"user_display={account.user}",
            f"auth_name={account.user}", f"auth_pass={account.password}", f"registrar={account.server}",
            f"outbound_proxy={account.server}", "all_requests_to_proxy=yes", "register_at_startup=yes",
            f"registration_time={self.expires_s}", f"sip_transport={account.transport}", "persistent_tcp=yes",
            "im_send_iscomposing=no"])
        self.trace = os.path.join(own, "twinkle.log")
        self.program = Program(["twinkle-console", "phone.cfg"], self.folder, "twinkle",
                               environment={"HOME": home, "TERM": "dumb"}, stdin=-1)

    def send_file(self, to, path):
        """Sends a file; its name has no spaces."""
        self.program.stdin.write(f"message -f {path} {self.account.uri(to)}\n".encode())
        self.program.stdin.flush()

    def _write(self, folder, name, lines):
        with open(os.path.join(folder, name), "w") as file:
            file.write("\n".join([*lines, ""]))

    def _came_in(self, before):
        return any(line.startswith("Received from:") for line in before[-2:])


class Sipp(Phone):
    """SIPp: one scenario registers and stays, another answers what comes on the same socket. Debian's has no TLS:
    there socat stands before it. A text is sent by a second one, as from a second device of the same person."""

    kind = "sipp"

    def __init__(self, *arguments, answers="answer.xml", **more):
        super().__init__(*arguments, **more)
        self.answers = answers
        self._socat = None
        self._sent = 0

    def start(self):
        account = self.account
        # What it received before it was switched off stays known: there is one trace for all its lives.
        self._people("register.csv", "")
        command = [
            "sipp", self._target(), "-sf", f"{HERE}/sipp/register.xml", "-oocsf", f"{HERE}/sipp/{self.answers}",
            "-inf", "register.csv", "-t", self._mode(), "-i", "127.0.0.1", "-p", str(free_port()), "-m", "1", "-l", "1",
            "-key", "domain", account.domain, "-key", "expires", str(self.expires_s), "-d", "3600000",
            "-trace_msg", "-message_file", self.trace, "-message_overwrite", "false", "-trace_err", "-error_file",
            os.path.join(self.folder, "errors"), "-nostdin"]
        self.program = Program(command, self.folder, "sipp")

    def send(self, to, text, scenario="send.xml", ok=True):
        """Writes a text; with `ok` it waits for the 2xx."""
        self._sent += 1
        self._people("send.csv", f"{to};{text}")
        command = [
            "sipp", self._target(), "-sf", f"{HERE}/sipp/{scenario}", "-inf", "send.csv", "-t", self._mode(),
            "-i", "127.0.0.1", "-p", str(free_port()), "-m", "1", "-key", "domain", self.account.domain,
            "-timeout", "20s", "-timeout_error", "-trace_msg", "-message_file",
            os.path.join(self.folder, f"sent-{self._sent}"), "-trace_err", "-error_file",
            os.path.join(self.folder, f"errors-{self._sent}"), "-nostdin"]
        program = Program(command, self.folder, f"sender-{self._sent}")
        status = program.wait(25.0)
        program.stop()
        require((status == 0) == ok, f"sipp ended with {status}: {self._statuses_of_last()}")

    def stop(self):
        super().stop()
        if self._socat:
            self._socat.stop()
            self._socat = None

    def _statuses_of_last(self):
        trace = sip_trace.read(os.path.join(self.folder, f"sent-{self._sent}"), lambda _: True)
        return [one.first for one in trace if one.status]

    def _people(self, name, more):
        account = self.account
        login = f"[authentication username={account.user} password={account.password}]"
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(f"SEQUENTIAL\n{account.user};{login};{more}\n")

    def _target(self):
        if self.account.transport != "tls":
            return self.account.server
        if not self._socat or not self._socat.runs:
            self._relay = free_port()
            self._socat = Program(
                ["socat", f"TCP-LISTEN:{self._relay},bind=127.0.0.1,fork,reuseaddr",
                 f"OPENSSL:{self.account.server},verify=0"], self.folder, "socat")
            wait_for("socat listens", self._relay_listens, 5.0)
        return f"127.0.0.1:{self._relay}"

    def _relay_listens(self):
        # Asked of the kernel: a connection to try it out would go on to the registrar.
        with open("/proc/net/tcp") as file:
            return f"0100007F:{self._relay:04X} 00000000:0000 0A" in file.read()

    def _mode(self):
        return "u1" if self.account.transport == "udp" else "t1"

    def _came_in(self, before):
        return any("message received" in line for line in before[-3:])


KINDS = (Baresip, Linphone, Sipp)
