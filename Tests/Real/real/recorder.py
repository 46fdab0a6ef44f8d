"""The outside recorder: what was offered, what was answered, and what must be there.

It stands between the feeders and `emaki append --lines`, so it knows each line by its number. An
answer counts from the moment at which its line was read here, whatever becomes of the process.
"""

import json
import os
import threading

from .store import require

MIDDLE = b',"payload":'


def payload_of(line):
    """The payload as it is spelled: the last field of a line."""
    return line[line.index(MIDDLE) + len(MIDDLE) : line.rindex(b"}")]


def exported(line, version, position):
    """The line that `emaki export` must print for this append, byte for byte."""
    request = json.loads(line)
    identity = f',"id":"{request["id"]}"' if "id" in request else ""
    head = (
        f'{{"stream":"{request["stream"]}","version":{version},"position":{position},'
        f'"type":"{request["type"]}"'
    )
    return head.encode() + MIDDLE + payload_of(line) + identity.encode() + b"}"


class Ledger:
    """Everything that one store was asked to keep."""

    def __init__(self):
        self.known = []  # What an export has shown: it may never change again.
        self.versions = {}  # stream: how many of its events are known
        self.places = {}  # payload: its position in `known`
        self.answers = {}  # position: (line, version), answered since the last export
        self.open = {}  # payload: line, offered and not answered since the last export
        self.repeats = []  # Lines with an id that got no answer.
        names = ("offered", "answered", "stored", "repeated", "recognised", "refused")
        self.counts = dict.fromkeys(names, 0)

    def offer(self, line):
        self.counts["offered"] += 1
        self.open[payload_of(line)] = line

    def answer(self, line, answer, floor):
        """Takes an answer; `floor` is the highest position answered before the line was offered."""
        require("error" not in answer, f"refused: {answer} for {line[:200]}")
        payload, position = payload_of(line), answer["position"]
        require(answer["stream"] == json.loads(line)["stream"], f"another stream: {answer}")
        self.counts["answered"] += 1
        self.open.pop(payload, None)
        if answer.get("wasStoredBefore"):
            self.counts["recognised"] += 1
            require(self.places.get(payload) == position, f"never stored before: {answer}")
            return
        require(payload not in self.places, f"stored twice: {answer}")
        require(position not in self.answers, f"position {position} was given twice")
        require(position >= len(self.known), f"position {position} was another event's")
        require(position > floor, f"position {position} after {floor} was answered")
        self.answers[position] = (line, answer["version"])

    def refuse(self, line):
        """Takes a refusal that says that nothing of this line is stored."""
        self.counts["refused"] += 1
        self.open.pop(payload_of(line), None)

    def check(self, lines):
        """Holds a whole export against all that is known, and takes what is new in it."""
        end = len(self.known)
        require(len(lines) >= end, f"{end} events were seen, {len(lines)} are there")
        for position in range(end):
            require(lines[position] == self.known[position], f"event {position} has changed")
        missing = [position for position in self.answers if position >= len(lines)]
        require(not missing, f"acknowledged and lost: positions {sorted(missing)[:10]}")
        for position in range(end, len(lines)):
            self.take(position, lines[position])
        self.repeats = [line for line in self.open.values() if b'"id":' in line]
        self.counts["repeated"] += len(self.repeats)
        self.answers, self.open = {}, {}

    def take(self, position, found):
        """One event that no export has shown before: answered, or at least offered, once."""
        if position in self.answers:
            line, version = self.answers[position]
        else:
            start = found.index(MIDDLE) + len(MIDDLE)
            payload = next(
                (each for each in self.open if found.startswith(each, start)), None
            )
            require(payload is not None, f"nobody offered event {position}: {found[:200]}")
            line, version = self.open.pop(payload), None
            if b'"id":' in line:  # Repeated all the same: it must be recognised.
                self.open[payload] = line
        stream = json.loads(line)["stream"]
        self.versions[stream] = self.versions.get(stream, 0) + 1
        wanted = exported(line, self.versions[stream], position)
        require(version in (None, self.versions[stream]), f"version {version}: {wanted[:200]}")
        require(found == wanted, f"event {position} is {found[:200]}, not {wanted[:200]}")
        require(payload_of(line) not in self.places, f"event {position} is there twice")
        self.places[payload_of(line)] = position
        self.known.append(found)
        self.counts["stored"] += 1


class Recorder:
    """One process that appends, with its feeders on one side and its answers on the other."""

    def __init__(self, ledger, process, source, may_refuse=()):
        self.ledger, self.process, self.source = ledger, process, source
        self.lock = threading.Lock()
        self.lines, self.floor, self.rest = [], -1, b""
        self.taken, self.refused, self.may_refuse = 0, 0, may_refuse
        self.pump = threading.Thread(target=self.forward, daemon=True)
        self.pump.start()

    def forward(self):
        """Numbers each line and hands it on, first those that were never answered."""
        try:
            for line in self.ledger.repeats:
                self.hand_on(line)
            with os.fdopen(os.dup(self.source), "rb") as source:
                for line in source:
                    if line.endswith(b"\n"):
                        self.hand_on(line)
        except (BrokenPipeError, ValueError):
            return  # It was killed.
        finally:
            self.process.stdin.close()

    def hand_on(self, line):
        with self.lock:
            self.ledger.offer(line)
            self.lines.append((line, self.floor))
        while line:
            line = line[self.process.stdin.write(line) :]

    def read(self, is_enough=lambda: False):
        """Takes answers until it is enough, or to the end of the output.

        Returns whether it is enough.
        """
        while not is_enough():
            piece = os.read(self.process.stdout.fileno(), 1 << 16)
            if not piece:
                return False
            *whole, self.rest = (self.rest + piece).split(b"\n")
            for text in whole:
                answer = json.loads(text)
                self.take(answer)
        return True

    def take(self, answer):
        with self.lock:
            line, floor = self.lines[answer["line"] - 1]
            if answer.get("error", {}).get("code") in self.may_refuse:
                self.ledger.refuse(line)
                self.refused += 1
                return
            self.ledger.answer(line, answer, floor)
            self.floor = max(self.floor, answer["position"])
            self.taken += 1

    def drain(self):
        """Takes what is left of the output of a process that was ended. Returns its status."""
        self.read()
        status = self.process.wait()
        self.pump.join()
        self.process.stdout.close()
        return status
