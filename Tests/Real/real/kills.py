"""`kill -9` under load, a stopped process, and a power cut on top.

Each round opens the store with `emaki append --lines`, lets feeders run against it, ends it in one
of the ways below, and holds what `verify` and `export` say against the outside recorder.
"""

import json
import os
import signal
import tempfile
import time

from .feeders import Feeders
from .power import PLANS, Disk, read_list
from .recorder import Ledger, Recorder
from .store import LOCKED, TAKEN, Broken, Store, require

ROUNDS_PER_STORE = 12
JOBS = (1, 2, 7, 32, 128)
ENDINGS = ("kill", "kill", "kill", "early", "stop and kill", "stop and go on", "close")


class Kills:
    """Round after round on one store after another."""

    def __init__(self, emaki, folder, random, endings=ENDINGS):
        self.emaki, self.folder, self.random, self.endings = emaki, folder, random, endings
        self.counts = {}
        self.ledgers = []
        self.ends_at = None

    def count(self, name, number=1):
        self.counts[name] = self.counts.get(name, 0) + number

    def numbers(self, rounds):
        """So many rounds, at least one, and no more once the time is over."""
        for number in range(rounds):
            if number > 0 and self.ends_at is not None and time.monotonic() > self.ends_at:
                return
            yield number

    def run(self, rounds, progress=lambda text: None):
        for number in self.numbers(rounds):
            if number % ROUNDS_PER_STORE == 0:
                self.new_store()
            ending = self.random.choice(self.endings)
            progress(f"round {number}: {ending}")
            self.round(number, ending)
        self.store.remove()
        for ledger in self.ledgers:
            for name, value in ledger.counts.items():
                self.count(name, value)

    def new_store(self):
        if self.ledgers:
            self.store.remove()
        self.ledger = Ledger()
        self.ledgers.append(self.ledger)
        self.store = Store(self.emaki, os.path.join(self.folder, f"store{len(self.ledgers)}"))
        self.count("stores")
        self.count(f"sync {self.store.create(env=self.creation())}")

    def creation(self):
        """The environment in which a store is made."""
        return None

    def round(self, number, ending):
        feeders = Feeders(3, number, self.random, limit=100 if ending == "close" else 100_000)
        with tempfile.TemporaryFile() as errors:
            process = self.start(errors)
            recorder = Recorder(self.ledger, process, feeders.reading)
            try:
                self.end(recorder, process, ending)
            except Broken:
                process.send_signal(signal.SIGKILL)
                raise
            finally:
                status = recorder.drain()
                feeders.end()
            errors.seek(0)
            said = errors.read().decode()
        wanted = 0 if ending == "close" else -signal.SIGKILL
        require(status == wanted, f"{ending}: ended with {status}: {said}")
        self.count("rounds")
        self.count(ending)
        self.after(process)
        self.check()

    def start(self, errors):
        return self.store.start(self.random.choice(JOBS), errors)

    def after(self, process):
        """What happens to the files between the end of a process and the next opening."""

    def check(self):
        report = self.store.verify()
        lines = self.store.export()
        require(report["events"] == len(lines), f"{report['events']} events, {len(lines)} lines")
        self.count("segments seen", report["receipt"]["segmentCount"])
        self.count(f"end {report['receipt']['end']}")
        self.ledger.check(lines)

    def end(self, recorder, process, ending):
        """Lets it answer for a while, and ends it."""
        if ending == "early":
            self.await_lock(process)
        elif ending != "close":
            self.read(recorder, 1 + int(200 ** self.random.random()) * 3)
        if ending.startswith("stop"):
            self.stop(process)
        if ending == "stop and go on":
            process.send_signal(signal.SIGCONT)
            self.read(recorder, 40)
        if ending != "close":
            process.send_signal(signal.SIGKILL)

    @staticmethod
    def read(recorder, count):
        wanted = recorder.taken + count
        require(recorder.read(lambda: recorder.taken >= wanted), "it ended by itself")

    def await_lock(self, process):
        """Until it has the lock: then it is opening. Its number is in LOCK."""
        wanted, path = str(process.pid), os.path.join(self.store.path, "LOCK")
        while process.poll() is None:
            with open(path, encoding="ascii") as lock:
                if lock.read().strip() == wanted:
                    return
        require(False, "it ended by itself")

    def stop(self, process):
        """Stops it, and finds that the store is still locked."""
        process.send_signal(signal.SIGSTOP)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        require(os.WIFSTOPPED(status), f"it ended by itself: {status}")
        status, _, errors = self.store.run("verify", self.store.path, "--json")
        error = json.loads(errors)["error"]
        require(status == LOCKED and error["code"] == "locked", f"a stopped owner: {error}")


class PowerCuts(Kills):
    """The same with `losing.c` loaded: what no sync covers may be gone, as after a power cut.

    The process kills itself at a call chosen at random, so cuts come in the middle of openings and
    preparations too; or it is killed from outside.
    """

    def __init__(self, emaki, folder, random, layer, lies=""):
        super().__init__(emaki, folder, random, ("inside", "inside", "inside", "kill", "close"))
        self.layer, self.lies = layer, lies
        self.list = os.path.join(folder, "list")

    def loaded(self, **more):
        with open(self.list, "wb"):
            pass
        return os.environ | more | {
            "LD_PRELOAD": self.layer,
            "EMAKI_LOSING_ROOT": self.store.path,
            "EMAKI_LOSING_LIST": self.list,
        }

    def creation(self):
        # Which way is faster depends on the disk: half the stores must take the other one.
        more = {"EMAKI_LOSING_NO_DIRECT": "1"} if self.random.random() < 0.5 else {}
        return self.loaded(**more)

    def start(self, errors):
        self.disk = Disk(self.store.path)
        more = {"EMAKI_LOSING_LIES": self.lies}
        if self.ending == "inside":
            more["EMAKI_LOSING_KILL_AT"] = str(1 + int(600 ** self.random.random()))
        return self.store.start(self.random.choice(JOBS), errors, self.loaded(**more))

    def round(self, number, ending):
        self.ending = ending
        super().round(number, ending)

    def end(self, recorder, process, ending):
        if ending == "inside":
            recorder.read()
        else:
            super().end(recorder, process, ending)

    def after(self, process):
        self.disk.play(self.list)
        plan = self.random.choice(PLANS)
        lost = self.disk.cut(plan, self.random)
        self.count(f"plan {plan}")
        for name, value in lost.items():
            self.count(name, value)


class PowerCutsInCreation(PowerCuts):
    """A power cut at a random call of `create`: then a store is there, or one can be made."""

    def run(self, rounds, progress=lambda text: None):
        self.store = Store(self.emaki, os.path.join(self.folder, "made"))
        self.store.create(env=self.loaded())
        call_count = max(change.number for _, change in read_list(self.list))
        self.store.remove()
        for number in self.numbers(rounds):
            # The first half of the calls measures the disk.
            limit = call_count - int(self.random.random() ** 3 * call_count)
            progress(f"creation {number}: before call {limit} of {call_count}")
            self.creation_cut(str(limit))
            self.store.remove()
        self.count("calls", call_count)

    def creation_cut(self, limit):
        self.disk = Disk(self.store.path)
        arguments = ("create", self.store.path, "--segment-bytes", "131072")
        status, _, errors = self.store.run(
            *arguments, env=self.loaded(EMAKI_LOSING_KILL_AT=limit)
        )
        require(status in (0, -signal.SIGKILL), f"create ended with {status}: {errors.decode()}")
        self.count("rounds")
        self.count("whole" if status == 0 else "killed")
        self.after(None)
        status, _, errors = self.store.run(*arguments)
        require(status in (0, TAKEN), f"create again ended with {status}: {errors.decode()}")
        self.count("made again" if status == 0 else "was there")
        line = b'{"stream":"s","type":"T","payload":1}\n'
        status, out, errors = self.store.run("append", self.store.path, "--lines", data=line)
        require(status == 0 and b'"position":0' in out, f"append: {status} {errors.decode()}")
        require(self.store.verify()["events"] == 1, "one event")
