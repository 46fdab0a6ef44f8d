"""A store and the `emaki` command, used as a user does: by processes."""

import json
import os
import shutil
import subprocess

PARTLY_DONE, TAKEN, LOCKED, DISK = 2, 4, 5, 6


class Broken(AssertionError):
    """A promise that did not hold."""


def require(claim, text):
    if not claim:
        raise Broken(text)


class Store:
    def __init__(self, emaki, path):
        self.emaki, self.path = emaki, path

    def run(self, *arguments, data=b"", env=None):
        """One command to its end: status, output, errors."""
        done = subprocess.run(
            [self.emaki, *arguments], input=data, capture_output=True, env=env
        )
        return done.returncode, done.stdout, done.stderr

    def create(self, segment_bytes=1 << 17, env=None):
        status, out, errors = self.run(
            "create", self.path, "--segment-bytes", str(segment_bytes), "--json", env=env
        )
        require(status == 0, f"create ended with {status}: {errors.decode()}")
        return json.loads(out)["store"]["syncMethod"]

    def verify(self):
        status, out, errors = self.run("verify", self.path, "--json")
        require(
            status == 0 and json.loads(out)["ok"],
            f"verify ended with {status}: {(out + errors).decode()}",
        )
        return json.loads(out)

    def export(self):
        """Every event as one line, without the line breaks."""
        status, out, errors = self.run("export", self.path)
        require(status == 0, f"export ended with {status}: {errors.decode()}")
        return out.splitlines()

    def start(self, jobs, errors, env=None):
        """`append --lines` with pipes at both ends."""
        return subprocess.Popen(
            [self.emaki, "append", self.path, "--lines", "--jobs", str(jobs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            env=env,
        )

    def remove(self):
        if os.path.isdir(self.path):
            shutil.rmtree(self.path)

