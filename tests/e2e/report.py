"""The checks: one line each, counted. A check waits for a condition within a bound, never for a time."""
import threading
import time
import traceback


class NotSo(AssertionError):
    """What was promised did not happen."""


class Report:
    """Counts checks, from many threads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self._lock = threading.Lock()
        self._begun = time.monotonic()

    def check(self, promise, within, *arguments):
        """One check: `within` is called and raises where the promise does not hold. Says whether it held."""
        return self.get(promise, within, *arguments) is not None

    def get(self, promise, within, *arguments):
        """As `check`, for the sake of what `within` returns; None where it failed."""
        try:
            value = within(*arguments)
        except NotSo as why:
            self._say(False, promise, str(why))
        except Exception:  # Whatever else goes wrong is a failed check too; the others go on.
            self._say(False, promise, traceback.format_exc())
        else:
            self._say(True, promise)
            return True if value is None else value
        return None

    def must_not_break(self, part, play, *arguments):
        """Plays a part. That it broke is a failed check; that it did not is none."""
        try:
            play(*arguments)
        except Exception:
            self._say(False, f"{part}: the part was played to its end", traceback.format_exc())

    def skip(self, what, why):
        """A check that cannot be made here."""
        with self._lock:
            self.skipped += 1
            print(f"skipped: {what}: {why}")

    def last_line(self):
        """The line that counts."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def _say(self, held, promise, why=""):
        with self._lock:
            self.passed += held
            self.failed += not held
            at = time.monotonic() - self._begun
            print(f"{'ok' if held else 'not ok'} - {promise}  [{at:.1f} s]")
            for line in why.rstrip().splitlines()[-25:]:
                print(f"    | {line[:600]}")


def wait_for(what, condition, within_s=20.0, every_s=0.05):
    """The first true value of `condition`; NotSo if there is none in time."""
    until = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise NotSo(f"not within {within_s:g} s: {what}")
        time.sleep(every_s)


def require(holds, why):
    """NotSo where it does not hold."""
    if not holds:
        raise NotSo(why)


def at_the_same_time(*jobs):
    """Runs the jobs side by side and waits for all. Each is a function and its arguments; what one raises is raised."""
    raised = []

    def run(job, arguments):
        try:
            job(*arguments)
        except Exception as error:
            raised.append(error)
    threads = [threading.Thread(target=run, args=(job, arguments), daemon=True) for job, *arguments in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
