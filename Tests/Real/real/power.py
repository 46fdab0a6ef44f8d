"""A power cut: what `losing.c` wrote down, played onto the files as they were before.

Each file is known by itself and by its names. A write is durable if it says so, or once a sync that
began after it has returned; a name, once the folder that holds it was synced. Of everything else a
plan decides: nothing of it, all of it, a beginning of it, or each by a coin, and a write that had
not returned (or was not synced) may be torn at sectors.
"""

import os
import shutil
import struct

HEAD = struct.Struct("<8I")
MARK = 0x454D414B
END, WRITE, RESIZE, SYNC, CREATE, MAKE_FOLDER, RENAME, REMOVE = range(1, 9)
PLANS = ("drop", "keep", "beginning", "coin", "torn")

# It holds nothing, and is made anew at each opening.
SOCKET = "CONTROL"


class Change:
    """One call as it was written down, and what became of it."""

    def __init__(self, kind, number, offset, flag, path, contents):
        self.kind, self.number, self.offset = kind, number, offset
        self.says_durable, self.path, self.contents = bool(flag), path, contents
        self.ended_after = None
        self.worked = False
        self.is_durable = False
        self.file = None


def read_list(path):
    """The changes in their order, and of each END its place among them."""
    data = open(path, "rb").read()
    at, changes, steps = 0, {}, []
    while at + HEAD.size <= len(data):
        kind, number, low, high, flag, path_bytes, size, mark = HEAD.unpack_from(data, at)
        if mark != MARK:
            raise AssertionError(f"{path}: no record at {at}")
        at += HEAD.size
        if at + path_bytes + size > len(data):
            break  # The kill came while the record was written: before the call was made.
        name = data[at : at + path_bytes].decode()
        contents = data[at + path_bytes : at + path_bytes + size]
        at += path_bytes + size
        if kind == END:
            change = changes[number]
            change.worked = bool(flag)
            steps.append((END, change))
        else:
            changes[number] = Change(kind, number, low | high << 32, flag, name, contents)
            steps.append((kind, changes[number]))
    return steps


class Disk:
    """Files and names as the process saw them, and as a power cut may leave them."""

    def __init__(self, store):
        self.store = store
        self.contents = {}  # number of the file: bytes before the process started
        self.before = {}  # name before: number of the file, or None for a folder
        for folder, _, files in os.walk(store) if os.path.isdir(store) else ():
            below = os.path.relpath(folder, store)
            self.before["" if below == "." else below] = None
            for name in files:
                if name == SOCKET:
                    continue
                number = len(self.contents)
                path = os.path.join(folder, name)
                self.contents[number] = open(path, "rb").read()
                self.before[os.path.relpath(path, store)] = number

    def play(self, list_path):
        """Finds out which changes are durable. Call once, after the process has ended."""
        self.names, self.changes = dict(self.before), []
        covered = {}
        for kind, change in read_list(list_path):
            if change.path == SOCKET:
                continue
            if kind == SYNC:
                covered[change.number] = self.covered(change.path)
            elif kind == END and change.kind == SYNC:
                for other in covered[change.number] if change.worked else ():
                    other.is_durable = True
            elif kind == END:
                change.ended_after = True
                change.is_durable |= change.says_durable and change.worked
                if not change.worked and change.kind not in (WRITE, RESIZE):
                    raise AssertionError(f"call {change.number} on {change.path!r} failed")
            else:
                self.begin(change)

    def begin(self, change):
        name, kind = change.path, change.kind
        if kind in (WRITE, RESIZE):
            change.file = self.names[name]
        elif kind == CREATE:
            change.file = self.names[name] = len(self.contents)
            self.contents[change.file] = b""
        elif kind == MAKE_FOLDER:
            self.names[name] = None
        elif kind == RENAME:
            change.file = self.names.pop(name)
            self.names[change.contents.decode()] = change.file
        elif kind == REMOVE:
            change.file = self.names.pop(name)
        self.changes.append(change)

    def covered(self, path):
        """What a sync of this file or folder makes durable if it begins now."""
        file = self.names[path]
        if file is None:
            return [
                each
                for each in self.changes
                if each.kind in (CREATE, MAKE_FOLDER, RENAME, REMOVE)
                and each.ended_after
                and os.path.dirname(each.path) == path
                and each.path != ""
            ]
        return [
            each
            for each in self.changes
            if each.file == file and each.kind in (WRITE, RESIZE) and each.ended_after
        ]

    def cut(self, plan, random):
        """Makes the store what a power cut leaves. Returns what was lost of what was written."""
        files = {number: bytearray(bytes_) for number, bytes_ in self.contents.items()}
        names = dict(self.before)
        loose = [each for each in self.changes if not each.is_durable]
        beginning = random.randint(0, len(loose))
        counts = {"loose": len(loose), "dropped": 0, "torn": 0}
        ordinal = 0
        for change in self.changes:
            fate = "keep"
            if not change.is_durable:
                fate = self.fate(plan, random, ordinal < beginning)
                ordinal += 1
                # The folder of the store itself is beyond this: somebody else made its parent.
                if change.kind == MAKE_FOLDER and change.path == "":
                    fate = "keep"
            if fate == "drop":
                counts["dropped"] += 1
            elif fate == "torn" and change.kind == WRITE:
                counts["torn"] += 1
                for part in range(0, len(change.contents), 512):
                    if random.random() < 0.5:
                        self.write(files, change, part, part + 512)
            else:
                self.apply(files, names, change)
        self.leave(files, names)
        return counts

    @staticmethod
    def fate(plan, random, is_in_beginning):
        if plan == "beginning":
            return "keep" if is_in_beginning else "drop"
        if plan == "coin":
            return random.choice(("keep", "drop"))
        if plan == "torn":
            return random.choice(("keep", "drop", "torn"))
        return plan

    @staticmethod
    def write(files, change, start, end):
        file, piece = files[change.file], change.contents[start:end]
        at = change.offset + start
        if len(file) < at + len(piece):
            file.extend(bytes(at + len(piece) - len(file)))
        file[at : at + len(piece)] = piece

    def apply(self, files, names, change):
        if change.kind == WRITE:
            self.write(files, change, 0, len(change.contents))
        elif change.kind == RESIZE:
            file = files[change.file]
            del file[change.offset :]
            file.extend(bytes(change.offset - len(file)))
        elif change.kind == CREATE:
            names[change.path] = change.file
        elif change.kind == MAKE_FOLDER:
            names[change.path] = None
        elif change.kind == REMOVE:
            names.pop(change.path, None)
        elif change.kind == RENAME and names.get(change.path) == change.file:
            names[change.contents.decode()] = names.pop(change.path)

    def leave(self, files, names):
        shutil.rmtree(self.store, ignore_errors=True)
        self.changes = []
        # A name whose folder is gone is gone with it.
        for name in sorted(names, key=lambda name: (name.count("/"), name)):
            path = os.path.join(self.store, name) if name else self.store
            if names[name] is None:
                if os.path.isdir(os.path.dirname(path)):
                    os.mkdir(path, 0o700)
            elif os.path.isdir(os.path.dirname(path)):
                with open(path, "wb") as file:
                    file.write(files[names[name]])
