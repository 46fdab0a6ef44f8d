"""Processes that offer appends, all at once, into one pipe.

A line's payload names its feeder, round and number, so no two are alike. One line in three goes to
a stream of its own that must not exist yet, and has an id: whoever gets no answer repeats it.
"""

import multiprocessing
import os
import random
import signal

SIZES = (0, 1, 40, 300, 300, 1000, 3000, 9000, 40_000)
SPELLINGS = ("", "é", "\\u00e9", '\\"', " ", "\\n", "漢")


def line(name, number, source):
    """One append as `emaki append --lines` takes it."""
    filler = source.choice(SPELLINGS) + "%x" % source.getrandbits(64) * (
        source.choice(SIZES) // 16
    )
    payload = f'{{"from":"{name}", "n":{number},"x":"{filler}"}}'
    if source.random() < 0.33:
        stream = f"once-{name}-{number}"
        terms = f'"expecting":"none","id":"{source.getrandbits(128):032x}",'
    else:
        stream, terms = f"shared-{source.randrange(5)}", ""
    return f'{{"stream":"{stream}","type":"T",{terms}"payload":{payload}}}\n'.encode()


def feed(name, seed, pipe, turn, limit):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = random.Random(seed)
    try:
        for number in range(limit):
            text = line(name, number, source)
            with turn:
                while text:
                    text = text[os.write(pipe, text) :]
    except BrokenPipeError:
        return  # Nobody reads any more. (A signal would keep the turn for ever.)


class Feeders:
    """So many feeders, and the end of the pipe at which their lines come out."""

    def __init__(self, count, round_number, random_, limit):
        self.reading, writing = os.pipe()
        os.set_inheritable(self.reading, False)
        context = multiprocessing.get_context("fork")
        turn = context.Lock()
        self.processes = []
        for index in range(count):
            name, seed = f"f{index}r{round_number}", random_.getrandbits(64)
            process = context.Process(
                target=self.child, args=(name, seed, writing, turn, limit), daemon=True
            )
            process.start()
            self.processes.append(process)
        os.close(writing)

    def child(self, name, seed, writing, turn, limit):
        os.close(self.reading)
        feed(name, seed, writing, turn, limit)

    def end(self):
        """Closes the pipe, at which each feeder ends by itself."""
        os.close(self.reading)
        for process in self.processes:
            process.join()
