"""An audit in shards, and their merge, through the real program: the same evidence as in one piece."""

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
import unittest

import bigram
from audit_test import SUBJECTS, AuditTest, controls
from program import SOUVENIR, TRANSITIONS, run

# "m" is followed by "n", and by "o" within what 16 bits can tell apart: greedy matches hang on it.
NEAR = {**TRANSITIONS, (ord("m"), ord("n")): 29.9, (ord("m"), ord("o")): 30.0}
FULL = {
    "schema": "souvenir/suite/1", "name": "everything",
    "probes": {"discoverable_extraction": {"min_n": 5, "min_controls": 5},
               "canary_exposure": {"exact_up_to": 1000, "sampled": 600, "min_n": 5},
               "membership": {}, "one_run_audit": {}, "token_recall": {},
               "personal_data": {"prompts": [
                   {"name": "prefix", "text": "{prefix}"},
                   {"name": "named", "text": "The mail of {name} is"}], "window_tokens": 8}}}
FAMILIES = {
    "array": {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "4", "SLURM_ARRAY_TASK_COUNT": "3"},
    "srun": {"SLURM_PROCID": "1", "SLURM_NTASKS": "3"},
    "mpirun": {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "3"},
    "pmi": {"PMI_RANK": "1", "PMI_SIZE": "3"},
    "torchrun": {"RANK": "1", "WORLD_SIZE": "3"},
    "kubernetes": {"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "3"},
}


def outside_run(out):
    """The bytes of the evidence with `run` cut out. Canonical: keys are sorted, and nothing is spaced."""
    evidence = (out / "evidence.json").read_bytes()
    value = json.loads(evidence)["run"]
    run_bytes = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    before, found, after = evidence.partition(b'"run":' + run_bytes)
    assert found, run_bytes
    return before + after


class ShardsTest(AuditTest):
    def setUp(self):
        super().setUp()
        self.key = self.write("key", os.urandom(32))
        self.subjects = self.write("subjects.jsonl", SUBJECTS + controls(40))
        self.whole = self.folder / "whole"
        self.always = ["--id-key-file", self.key, "--token-budget", "64"]

    def command(self, *extra, out=None, subjects=None, model=None, suite=None, progress="none"):
        return ["audit", model or self.model, "--suite", suite or self.suite, "--subjects",
                subjects or self.subjects, "--out", out or self.out, "--progress",
                progress, *self.always, *extra]

    def shard(self, index, count, *extra, check=0, env=None, **how):
        return run(*self.command("--shard", f"{index}/{count}", *extra, **how), check=check, env=env)

    def shards(self, count, *extra, **how):
        for index in range(count):
            self.shard(index, count, *extra, **how)

    def folder_of(self, index, count):
        return self.out / "shards" / f"{index}-of-{count}"


class Merge(ShardsTest):
    def test_three_shards_are_the_evidence_of_one_run(self):
        run(*self.command(out=self.whole), check=0)
        self.shards(3)
        self.assertFalse((self.out / "evidence.json").exists())
        result = run("merge", self.out, check=0)
        self.assertEqual(result.stderr, "")
        self.assertEqual(outside_run(self.out), outside_run(self.whole))
        self.assertEqual(self.evidence()["run"]["shards"], 3)
        self.assertTrue((self.out / "report.html").exists())
        for folder in (self.out / "private", self.out / "shards", self.folder_of(1, 3) / "private"):
            self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        journal = self.out / "private" / "journal.sqlite"
        self.assertEqual(stat.S_IMODE(journal.stat().st_mode), 0o600)

        before = outside_run(self.out)
        run("merge", self.out, check=0)
        self.assertEqual(outside_run(self.out), before)
        row, = json.loads(run("subject", "digits", "--out", self.out, check=0).stdout)["strings"]
        self.assertAlmostEqual(row["log_p"], bigram.log_p(TRANSITIONS, "number 3", "456"), delta=1e-5)
        # Merged, it is an ordinary audit: everything is answered.
        run(*self.command("--shard", "none", out=self.out), check=0)
        self.assertEqual(outside_run(self.out), before)

    def test_every_shard_answers_its_own_batches_only(self):
        self.shards(3)
        seen = []
        for index in range(3):
            path = self.folder_of(index, 3) / "private" / "journal.sqlite"
            with sqlite3.connect(path) as journal:
                own = {row[0] for row in journal.execute("SELECT ordinal FROM batch WHERE pass = 0")}
                answers = journal.execute("SELECT count(*) FROM observation").fetchone()[0]
            self.assertTrue(own)
            self.assertGreater(answers, 0)
            seen += own
        self.assertEqual(sorted(seen), list(range(len(seen))))

    def test_the_gate_is_judged_when_merging(self):
        self.shards(2, "--policy", self.policy)
        run("merge", self.out, "--policy", self.policy, check=3)
        self.assertTrue((self.out / "junit.xml").exists())
        run(*self.command("--policy", self.policy, out=self.whole), check=3)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))

    def test_without_a_key_file_the_first_shard_makes_the_key_of_all(self):
        self.always = []
        processes = [subprocess.Popen([SOUVENIR, *map(str, self.command("--shard", f"{i}/3"))],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                     for i in range(3)]
        for process in processes:
            self.assertEqual(process.communicate()[1], b"")
            self.assertEqual(process.returncode, 0)
        run("merge", self.out, check=0)
        key = self.out / "private" / "key"
        self.assertEqual((key.stat().st_size, stat.S_IMODE(key.stat().st_mode)), (32, 0o600))
        run(*self.command("--id-key-file", key, out=self.whole), check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))

    def test_more_shards_than_batches(self):
        self.subjects = self.write("few.jsonl", SUBJECTS[:2])
        self.always = ["--id-key-file", self.key]
        self.shards(3)
        run("merge", self.out, check=0)
        run(*self.command(out=self.whole), check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))

    def test_shards_that_share_no_folder(self):
        folders = [self.folder / f"machine{i}" for i in range(2)]
        for index, folder in enumerate(folders):
            self.shard(index, 2, out=folder)
        self.assertOneLine(run("merge", *folders, check=2), "--out")
        run("merge", *folders, "--out", self.out, check=0)
        run(*self.command(out=self.whole), check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))


class Everything(ShardsTest):
    """Canaries exact and sampled, prompts, a reference model, 16 bits with a confirming pass and a sample."""

    def test_is_the_same_in_shards(self):
        model = bigram.write_model(self.folder / "near", NEAR)
        reference = bigram.write_model(self.folder / "reference", {})
        suite = self.write("full.json", FULL)
        templates = self.write("templates.json", {
            "schema": "souvenir/canary_templates/1", "templates": [
                {"id": "pin", "kind": "text", "prefix": "The code of {person} is ", "secret": "{digits:3}"},
                {"id": "box", "kind": "text", "prefix": "{person} has box ", "secret": "{letters:6}"}]})
        canaries = self.folder / "canaries"
        run("canaries", templates, "--count", 10, "--tiers", "1", "--controls", 2, "--seed", 3, "--out",
            canaries, check=0)
        rows = SUBJECTS + controls(40) + [
            {"id": f"near{i}", "prefix": f"near tie {i * 7919 % 1000} of {i} m", "secret": "nopq"[:1 + i % 2],
             "member": "yes", "person": f"near{i % 9}"} for i in range(60)] + [
            {"id": f"mail{i}", "prefix": f"write to person {i} at ", "secret": f"p{i}.quill@example.org",
             "kind": "email", "member": "yes", "person": f"mail{i}"} for i in range(40)] + [
            {"id": f"name{i}", "prefix": "she is ", "secret": f"Ada Quill{i}", "kind": "name",
             "person": f"mail{i}"} for i in range(8)]
        self.subjects = self.write("rows.jsonl", rows)
        extra = ["--dtype", "bfloat16", "--reference", reference, "--canaries", canaries]
        how = dict(model=model, suite=suite)
        run(*self.command(*extra, out=self.whole, **how), check=0)
        self.shards(4, *extra, **how)
        run("merge", self.out, check=0)
        with sqlite3.connect(self.out / "private" / "journal.sqlite") as journal:
            count = lambda table: journal.execute("SELECT count(*) FROM " + table).fetchone()[0]
            self.assertGreater(count("batch WHERE pass = 1"), 2)
            self.assertGreater(count("batch WHERE pass = 2"), 2)
            self.assertGreater(count("prompt_batch"), 2)
            self.assertGreater(count("candidate_batch"), 2)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))
        probes = {finding["probe"]["name"] for finding in self.evidence()["findings"]}
        self.assertEqual(probes, set(FULL["probes"]))


class QueriesMax(ShardsTest):
    def test_strings_are_left_alike_in_shards(self):
        strings = [{"id": f"long{i}", "prefix": f"member {i} a", "secret": f"cd{i}" + "cd" * 10, "member": "yes"}
                   for i in range(20)]
        subjects = self.write("long.jsonl", SUBJECTS + strings + controls(40))
        run(*self.command("--queries-max", "10", subjects=subjects, out=self.whole), check=0)
        self.shards(3, "--queries-max", "10", subjects=subjects)
        run("merge", self.out, check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))
        self.assertIn(b"not_read_to_end", outside_run(self.out))


class Lost(ShardsTest):
    def test_a_shard_that_is_missing_or_hardly_begun_is_named(self):
        self.shard(0, 3)
        self.shard(2, 3)
        self.assertOneLine(run("merge", self.out, check=2), "missing: 1/3")
        (self.folder_of(1, 3) / "private").mkdir(parents=True)
        self.assertOneLine(run("merge", self.out, check=2), "missing: 1/3")
        self.assertFalse((self.out / "evidence.json").exists())

    def test_a_shard_that_was_killed_is_named_and_run_again_by_itself(self):
        many = [{"id": f"s{i}", "prefix": f"string {i * 7919 % 1000} of {i} ends in ab",
                 "secret": "cdefgh"[: 1 + i % 6] + "!" * (i % 3)} for i in range(1200)]
        self.subjects = self.write("many.jsonl", many)
        run(*self.command(out=self.whole), check=0)
        self.shard(0, 2)
        process = subprocess.Popen(
            [SOUVENIR, *map(str, self.command("--shard", "1/2", progress="json"))],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        process.stderr.readline()  # the first progress: scoring has begun
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assertOneLine(run("merge", self.out, check=2), "1/2", "not complete", "open")
        self.shard(1, 2)
        run("merge", self.out, check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))
        self.shard(1, 2)  # and once more: nothing is asked, nothing changes
        run("merge", self.out, check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))

    def test_a_shard_still_at_work_is_not_merged(self):
        import fcntl
        self.shards(2)
        with open(self.folder_of(1, 2) / "private" / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertOneLine(run("merge", self.out, check=2), "1-of-2", "another run")

    def test_a_merge_that_was_stopped_starts_again(self):
        self.shards(2)
        left = self.out / "private" / "merging"
        left.mkdir(parents=True)
        (left / "journal.sqlite").write_bytes(b"half of a journal" * 1000)
        (left / "journal.sqlite-wal").write_bytes(b"and its log" * 1000)
        run("merge", self.out, check=0)
        run(*self.command(out=self.whole), check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))


class Foreign(ShardsTest):
    def elsewhere(self, *extra, **how):
        """Shard 1 of 2 as it comes out on a machine that shares no folder."""
        other = self.folder / "elsewhere"
        self.shard(1, 2, *extra, out=other, **how)
        return other

    def refused(self, other, *named, code=2):
        result = run("merge", self.out, other, "--out", self.folder / "merged", check=code)
        self.assertOneLine(result, "1/2" if code == 2 else other, *named)
        self.assertFalse((self.folder / "merged" / "evidence.json").exists())
        shutil.rmtree(other)

    def test_shards_of_other_inputs_are_refused_by_name(self):
        self.shard(0, 2)
        other_model = bigram.write_model(self.folder / "other", {(1, 2): 3.0})
        self.refused(self.elsewhere(model=other_model), "model")
        self.refused(self.elsewhere(subjects=self.write("other.jsonl", SUBJECTS)), "subjects")
        self.refused(self.elsewhere("--seed", "5"), "seed")
        self.refused(self.elsewhere("--dtype", "bfloat16"), "dtype")
        self.refused(self.elsewhere("--threads", "1" if os.cpu_count() > 1 else "2"), "threads")
        self.always[-1] = "128"
        self.refused(self.elsewhere(), "token_budget")

    def test_a_damaged_shard_is_an_integrity_error(self):
        self.shard(0, 2)
        other = self.elsewhere()
        path = other / "shards" / "1-of-2" / "private" / "journal.sqlite"
        journal = sqlite3.connect(path)
        journal.execute("UPDATE observation SET body = zeroblob(length(body))")
        journal.commit()
        journal.close()
        self.refused(other, "check sum", code=5)
        other = self.elsewhere()
        path.write_bytes(b"x" * 20000)
        self.refused(other, code=5)

    def test_a_shard_twice_and_one_of_another_number(self):
        self.shards(2)
        shutil.copytree(self.folder_of(1, 2), self.out / "shards" / "copy")
        self.assertOneLine(run("merge", self.out, check=2), "1/2 stands twice", "copy")
        shutil.rmtree(self.out / "shards" / "copy")
        self.shard(0, 3, out=self.folder / "three")
        result = run("merge", self.out, self.folder / "three", "--out", self.folder / "m", check=2)
        self.assertOneLine(result, "0-of-3", "0/3")

    def test_answers_of_another_shard_are_an_integrity_error(self):
        self.shards(2)
        first, second = (self.folder_of(i, 2) / "private" / "journal.sqlite" for i in range(2))
        shutil.copy(first, second)
        journal = sqlite3.connect(second)
        journal.execute("UPDATE meta SET value = replace(value, '\"index\":0', '\"index\":1') "
                        "WHERE key = 'shard'")
        journal.commit()
        journal.close()
        self.assertOneLine(run("merge", self.out, check=5), "1-of-2", "another shard")

    def test_an_ordinary_audit_is_no_shard_and_is_not_overwritten(self):
        run(*self.command(out=self.whole), check=0)
        self.assertOneLine(run("merge", self.whole, check=2), "ordinary")
        self.assertOneLine(run("merge", self.folder, check=2), "no shard")
        self.shards(2)
        before = outside_run(self.whole)
        result = run("merge", self.out, "--out", self.whole, check=2)
        self.assertOneLine(result, "ordinary audit")
        self.assertEqual(outside_run(self.whole), before)


class Agreement(ShardsTest):
    def test_what_a_merge_would_refuse_is_known_before_anything_is_asked(self):
        self.shard(0, 2)
        self.assertOneLine(self.shard(1, 2, "--seed", "5", check=2), "seed", self.out)
        self.always[-1] = "128"
        self.assertOneLine(self.shard(1, 2, check=2), "token_budget", self.out)
        self.always[-1] = "64"
        self.assertOneLine(self.shard(1, 3, check=2), "shards: expected 2, found 3")
        self.assertFalse((self.folder_of(1, 2) / "private" / "evidence.json").exists())
        self.shard(1, 2)
        run("merge", self.out, check=0)


class Launchers(ShardsTest):
    def test_each_is_found_in_the_environment_and_said(self):
        for name, variables in FAMILIES.items():
            with self.subTest(name):
                out = self.folder / name
                result = run(*self.command(out=out), check=0, env={**os.environ, **variables})
                self.assertOneLine(result, "shard 1/3", *variables)
                self.assertEqual([p.name for p in (out / "shards").glob("*-of-*")], ["1-of-3"])

    def test_one_process_of_one_is_an_ordinary_run(self):
        env = {**os.environ, "SLURM_PROCID": "0", "SLURM_NTASKS": "1", "RANK": "0", "WORLD_SIZE": "1"}
        self.assertEqual(run(*self.command(), check=0, env=env).stderr, "")
        self.assertTrue((self.out / "evidence.json").exists())

    def test_what_is_wrong_is_one_line_and_exit_2(self):
        for variables, named in [
                ({"RANK": "one", "WORLD_SIZE": "3"}, "RANK"),
                ({"JOB_COMPLETION_INDEX": "1"}, "JOB_COMPLETIONS"),
                ({"PMI_RANK": "0", "PMI_SIZE": "2", "RANK": "1", "WORLD_SIZE": "2"}, "WORLD_SIZE")]:
            with self.subTest(named):
                result = run(*self.command(), check=2, env={**os.environ, **variables})
                self.assertOneLine(result, named, "--shard")
                self.assertFalse(self.out.exists())
        self.assertOneLine(self.shard(3, 3, check=2), "expected i from 0 to 2, found 3")

    def test_none_turns_it_off(self):
        env = {**os.environ, **FAMILIES["srun"]}
        run(*self.command("--shard", "none"), check=0, env=env)
        self.assertTrue((self.out / "evidence.json").exists())

    def test_an_array_of_one_beside_shards_is_no_ordinary_run(self):
        self.shard(0, 2)
        env = {**os.environ, "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "1",
               "SLURM_ARRAY_TASK_COUNT": "1"}
        self.assertOneLine(run(*self.command(), check=2, env=env), "--shard")


if __name__ == "__main__":
    unittest.main()
