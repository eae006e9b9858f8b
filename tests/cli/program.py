"""Runs the real program, and makes folders that are gone afterwards."""

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

import bigram

SOUVENIR = os.environ["SOUVENIR"]
# Whoever runs the tests may have been launched: an audit would take itself for one of many.
for name in list(os.environ):
    if name.startswith(("SLURM_", "OMPI_", "PMI_", "PMIX_", "JOB_COMPLETION")) or name in ("RANK", "WORLD_SIZE"):
        del os.environ[name]

# A model that continues "abcdefghijkl" and, less surely, "0123456789".
SURE, LESS_SURE = 30.0, 6.0
TRANSITIONS = {**bigram.transitions_of(["0123456789"], LESS_SURE),
               **bigram.transitions_of(["abcdefghijkl"], SURE)}


def run(*arguments, stdin=None, check=None, env=None):
    result = subprocess.run([SOUVENIR, *map(str, arguments)], input=stdin, capture_output=True,
                            text=True, env=env, timeout=300)
    if check is not None and result.returncode != check:
        raise AssertionError(f"expected exit {check}, found {result.returncode}\n"
                             f"{arguments}\n{result.stdout}\n{result.stderr}")
    return result


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def opened(path):
    """A journal's database: every statement commits, and afterwards nobody holds it."""
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own and one model for the whole class."""

    @classmethod
    def setUpClass(cls):
        cls._shared = tempfile.TemporaryDirectory()
        cls.model = bigram.write_model(pathlib.Path(cls._shared.name) / "model", TRANSITIONS)

    @classmethod
    def tearDownClass(cls):
        cls._shared.cleanup()

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._folder.name)
        self.addCleanup(self._folder.cleanup)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif isinstance(content, list):
            path.write_text("".join(json.dumps(row) + "\n" for row in content))
        else:
            path.write_text(json.dumps(content))
        return path

    def assertOneLine(self, result, *named):
        """One clear line on standard error that names things, and nothing else."""
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for word in named:
            self.assertIn(str(word), result.stderr)
