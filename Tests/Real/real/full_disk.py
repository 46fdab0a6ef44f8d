"""A small file system in a file, filled to its last byte while the log writes to it."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile

from .feeders import Feeders
from .recorder import Ledger, Recorder
from .store import DISK, PARTLY_DONE, Store, require

REFUSALS = 20
# Each is a chance for an attempt to hold some room; they are far more than it takes.
FILLINGS = 50
# The smallest that their makers take.
IMAGE_BYTES = {"ext4": 64 << 20, "xfs": 320 << 20}


def fill(path):
    """Writes until not one more byte can be written."""
    size = 1 << 20
    with open(path, "ab", buffering=0) as file:
        while size:
            try:
                file.write(bytes(size))
            except OSError as error:
                require(error.errno == errno.ENOSPC, str(error))
                size //= 2
        os.fsync(file.fileno())


def require_full(path):
    """Not one more byte can be had there. (What xfs keeps for itself it still calls free.)"""
    before = os.path.getsize(path)
    fill(path)
    require(os.path.getsize(path) - before == 0, "the disk was not full")


def fill_beside(path, recorder):
    """Fills a disk that a log tries to make a segment on: what an attempt had taken comes back when
    it fails, and is there to be filled. Ends when nothing came back."""
    for _ in range(FILLINGS):
        before = os.path.getsize(path)
        fill(path)
        if os.path.getsize(path) == before:
            return
        FullDisks.until_refused(recorder)
    require(False, f"after {FILLINGS} fillings there was still room")


class FullDisks:
    def __init__(self, emaki, folder, random, kind):
        self.emaki, self.random, self.kind = emaki, random, kind
        self.image = os.path.join(folder, f"{kind}.image")
        self.place = os.path.join(folder, kind)
        self.counts = {}
        self.ledger = Ledger()
        self.store = Store(emaki, os.path.join(self.place, "store"))
        self.filler = os.path.join(self.place, "filler")

    def mount(self):
        """Makes and mounts the file system. Returns why it cannot be had, or None."""
        maker = shutil.which(f"mkfs.{self.kind}", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if os.geteuid() != 0:
            return "not root"
        if not maker:
            return f"no mkfs.{self.kind}"
        with open(self.image, "wb") as image:
            image.truncate(IMAGE_BYTES[self.kind])
        os.mkdir(self.place)
        for command in ([maker, "-q", self.image], ["mount", "-o", "loop", self.image, self.place]):
            done = subprocess.run(command, capture_output=True)
            if done.returncode != 0:
                return done.stderr.decode().strip().splitlines()[0]
        return None

    def unmount(self):
        # Lazily: whoever still has a file open there must not hide what went wrong.
        subprocess.run(["umount", "--lazy", self.place], check=True)
        os.remove(self.image)

    def count(self, name, number=1):
        self.counts[name] = self.counts.get(name, 0) + number

    def run(self, cycles, progress):
        self.creation_when_full()
        for number in range(cycles):
            progress(f"{self.kind}: cycle {number}")
            self.cycle(number)
        progress(f"{self.kind}: removing when full")
        self.reclaim_when_full()
        self.counts |= self.ledger.counts
        return self.counts

    def creation_when_full(self):
        """`create` is refused, and does once there is room, in the folder that it left."""
        fill(self.filler)
        status, _, errors = self.store.run("create", self.store.path, "--json")
        require(status == DISK, f"create on a full disk: {status} {errors.decode()}")
        os.remove(self.filler)
        self.count(f"sync {self.store.create(segment_bytes=1 << 20)}")

    def cycle(self, number):
        """Appends while somebody else fills the disk, until both have met its end."""
        feeders = Feeders(3, number, self.random, limit=1_000_000)
        with tempfile.TemporaryFile() as errors:
            process = self.store.start(self.random.choice((1, 8, 64)), errors)
            recorder = Recorder(self.ledger, process, feeders.reading, ("noSpace",))
            try:
                self.meet_the_end(recorder, goes_on=number % 2 == 0)
            finally:
                process.send_signal(signal.SIGKILL)
                recorder.drain()
                feeders.end()
        self.count("times full")
        self.check()
        if number % 2 == 1:
            self.when_full()
        if os.path.exists(self.filler):
            os.remove(self.filler)
        self.when_freed()

    def meet_the_end(self, recorder, goes_on):
        require(recorder.read(lambda: recorder.taken > 50), "it ended by itself")
        other = multiprocessing.get_context("fork").Process(target=fill, args=(self.filler,))
        other.start()
        self.until_refused(recorder)
        other.join()
        require(other.exitcode == 0, "the disk could not be filled")
        self.until_refused(recorder)
        fill_beside(self.filler, recorder)
        if goes_on:
            self.go_on(recorder)

    @staticmethod
    def until_refused(recorder):
        wanted = recorder.refused + REFUSALS
        require(recorder.read(lambda: recorder.refused >= wanted), "it ended by itself")

    def go_on(self, recorder):
        """The same process stores again once there is room."""
        os.remove(self.filler)
        wanted = recorder.taken + 50
        require(recorder.read(lambda: recorder.taken >= wanted), "it ended by itself")
        self.count("went on")

    def when_full(self):
        """Opening, closing, verifying and exporting do not need a free byte."""
        fill(self.filler)
        require_full(self.filler)
        for number in range(40):
            self.append(f"full-{self.counts['times full']}-{number}", 4000)
        self.check()
        self.count("looked at when full")

    def append(self, name, size):
        """One append by a process of its own: stored, or refused for want of space."""
        line = (
            f'{{"stream":"{name}","type":"T","payload":{{"n":"{name}","x":"{"y" * size}"}}}}\n'
        ).encode()
        self.ledger.offer(line)
        status, out, errors = self.store.run("append", self.store.path, "--lines", data=line)
        answers = [json.loads(each) for each in out.splitlines()]
        if status == 0:
            self.ledger.answer(line, answers[0], -1)
            return True
        refused = status == PARTLY_DONE and answers[0]["error"]["code"] == "noSpace"
        require(refused, f"append ended with {status}: {(out + errors).decode()}")
        self.ledger.refuse(line)
        return False

    def when_freed(self):
        require(self.append(f"freed-{self.counts['times full']}", 1000), "refused with space free")
        self.check()

    def check(self):
        report, lines = self.store.verify(), self.store.export()
        require(report["events"] == len(lines), f"{report['events']} events, {len(lines)} lines")
        self.ledger.check(lines)

    def reclaim_when_full(self):
        """Removing and merging get space back where there is none, and appends go on. What the
        ledger knows of removed streams is not looked at any more."""
        fill(self.filler)
        # Segments that are ready, and those that sealing gives back, may take all of them.
        for number in range(20):
            if not self.append(f"last-{number}", 100_000):
                break
        # What attempts that failed gave back.
        fill(self.filler)
        self.backup_when_full()
        lines = [json.loads(line) for line in self.store.export()]
        streams = sorted({line["stream"] for line in lines})
        removed = set(streams[: len(streams) // 2][:20]) | {f"last-{n}" for n in range(10)}
        for name in sorted(removed):
            status, out, errors = self.store.run("delete", self.store.path, name)
            require(status == 0, f"delete when full: {status} {(out + errors).decode()}")
        if not self.merge():
            # The files are larger than what RESERVE promises room for.
            os.truncate(self.filler, os.path.getsize(self.filler) // 2)
            require(self.merge(), "merge with half of the disk free")
            self.count("merged with space from outside")
        self.store.verify()
        left = [json.loads(line) for line in self.store.export()]
        require(left == [line for line in lines if line["stream"] not in removed], "other events")
        require(self.append("after-merge", 1000), "refused with space given back")
        self.count("reclaimed when full")

    def backup_when_full(self):
        """A backup to another disk needs no byte of this one, and holds everything."""
        require_full(self.filler)
        backups, restored = (
            os.path.join(os.path.dirname(self.image), f"{self.kind}-{name}")
            for name in ("backups", "restored")
        )
        for command in (
            ("backup", self.store.path, backups),
            ("backup", "--check", backups),
            ("restore", backups, restored),
        ):
            status, out, errors = self.store.run(*command)
            require(status == 0, f"{command} when full: {status} {(out + errors).decode()}")
        lines = self.store.export()
        require(Store(self.emaki, restored).export() == lines, "a restored store has other events")
        require_full(self.filler)
        for folder in (backups, restored):
            shutil.rmtree(folder)
        self.count("backed up when full")

    def merge(self):
        """Seals and merges all: done, or refused for want of space."""
        status, out, errors = self.store.run("merge", self.store.path, "--all", "--json")
        if status == 0:
            return True
        refused = status == DISK and b"noSpace" in out + errors
        require(refused, f"merge ended with {status}: {(out + errors).decode()}")
        return False
