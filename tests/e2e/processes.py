"""Programs we start: each is known by its pid and ends with us, also when we fail or are told to stop."""
import atexit
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

_running = []
_lock = threading.Lock()
_given = set()


class Program:
    """One program, with what it says in a file."""

    def __init__(self, command, folder, name, environment=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.said = os.path.join(folder, f"{name}.said")
        with open(self.said, "ab") as said:
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=stdin, stdout=said, stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})}, start_new_session=True)
        self.stdin = self._process.stdin
        with _lock:
            _running.append(self)

    @property
    def runs(self):
        return self._process.poll() is None

    @property
    def status(self):
        return self._process.poll()

    def wait(self, within_s):
        """Its exit status, or None if it has not ended in time."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, how=signal.SIGTERM, within_s=5.0):
        """Asks it to end, and ends it; what it started itself is in its session and ends too."""
        self._signal(how)
        if self.wait(within_s) is None:
            self._signal(signal.SIGKILL)
            self.wait(5.0)
        self._signal(signal.SIGKILL)
        with _lock:
            if self in _running:
                _running.remove(self)

    def what_it_said(self):
        with open(self.said, "rb") as said:
            return said.read().decode("utf-8", "replace")

    def _signal(self, how):
        try:
            # The session's number is the pid we were given, and stays ours until the last of it has ended.
            os.killpg(self._process.pid, how)
        except ProcessLookupError:
            pass


def end_all():
    """Ends everything that still runs."""
    with _lock:
        left = list(reversed(_running))
    for program in left:
        program._signal(signal.SIGTERM)
    until = time.monotonic() + 3.0
    for program in left:
        program.wait(max(0.0, until - time.monotonic()))
        program.stop(signal.SIGKILL)


def end_all_with_us():
    """At exit, and when told to stop."""
    atexit.register(end_all)
    for told in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(told, lambda number, _: sys.exit(128 + number))


def free_port(count=1):
    """The first of so many ports of loopback in a row that are free for UDP and TCP, given out once."""
    while True:
        first = random.randrange(20000, 32000)
        ports = range(first, first + count)
        with _lock:
            if not _given.intersection(ports) and all(_is_free(port) for port in ports):
                _given.update(ports)
                return first


def _is_free(port):
    # Below the range that the kernel takes for outgoing connections: nobody else gets one by chance.
    try:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
