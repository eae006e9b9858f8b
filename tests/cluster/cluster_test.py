"""Shards as launchers start them: mpirun, and a Slurm of one node with an array that loses a task.

    cluster_test.py Mpirun | Slurm

Ends 77, which CTest shows as skipped, where this machine cannot run the launcher; says why.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

import slurm
from program import SOUVENIR, run
from shards_test import ShardsTest, outside_run

BATCH = ROOT / "configs" / "cluster" / "audit.sbatch"
ROWS = [{"id": f"s{i}", "prefix": f"string {i * 7919 % 1000} of {i} ends in ab", "member": "yes",
         "secret": "cdefgh"[: 1 + i % 6] + "!" * (i % 3)} for i in range(3000)]


class ClusterTest(ShardsTest):
    def setUp(self):
        super().setUp()
        self.subjects = self.write("rows.jsonl", ROWS)
        self.always += ["--threads", "1"]
        self.always[self.always.index("64")] = "32"

    def assertWhole(self):
        """What the shards left, merged, is what one process finds."""
        run("merge", self.out, check=0)
        run(*self.command(out=self.whole), check=0)
        self.assertEqual(outside_run(self.out), outside_run(self.whole))


class Mpirun(ClusterTest):
    def test_two_ranks_are_two_shards(self):
        # A container has neither a shell to log in by nor, often, a second core.
        result = subprocess.run(
            ["mpirun", "--allow-run-as-root", "--oversubscribe", "--mca", "plm_rsh_agent", "/bin/false",
             "-n", "2", SOUVENIR, *map(str, self.command())], capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)
        for index in range(2):
            self.assertIn(f"shard {index}/2, by OMPI_COMM_WORLD_RANK", result.stderr)
            self.assertTrue(self.folder_of(index, 2).is_dir())
        self.assertWhole()


class Slurm(ClusterTest):
    def test_an_array_loses_a_task_which_is_requeued_and_merged(self):
        env = {**os.environ, "PATH": f"{pathlib.Path(SOUVENIR).parent}:{os.environ['PATH']}",
               "MODEL": str(self.model), "SUBJECTS": str(self.subjects), "SUITE": str(self.suite),
               "OUT": str(self.out)}
        extra = [str(word) for word in self.always if word not in ("--threads", "1")]
        job = CLUSTER.run("sbatch", "--parsable", "--array=0-2", "--cpus-per-task=1", "--mem=0", "-o",
                          self.folder / "task.%a", BATCH, *extra, env=env).strip()
        self.kill_task(1)
        self.await_states(job, {"0": "COMPLETED", "1": "FAILED", "2": "COMPLETED"})
        refused = run("merge", self.out, check=2)
        self.assertOneLine(refused, "1-of-3")
        self.assertRegex(refused.stderr, "not complete|hardly begun")  # as far as it came
        self.assertFalse((self.out / "evidence.json").exists())

        CLUSTER.run("scontrol", "requeue", f"{job}_1")
        self.await_states(job, {"0": "COMPLETED", "1": "PENDING", "2": "COMPLETED"})
        CLUSTER.run("scontrol", "update", f"JobId={job}_1", "StartTime=now")
        self.await_states(job, dict.fromkeys("012", "COMPLETED"))
        said = (self.folder / "task.1").read_text()
        self.assertEqual(said.count("shard 1/3, by SLURM_ARRAY_TASK_ID"), 2, said)
        self.assertWhole()

    def test_tasks_of_srun_are_shards(self):
        CLUSTER.run("srun", "-n", "2", SOUVENIR, *self.command())
        self.assertEqual(sorted(p.name for p in (self.out / "shards").glob("*-of-*")), ["0-of-2", "1-of-2"])
        self.assertWhole()

    def kill_task(self, index):
        """kill -9 to the shard's process, found by its number in the array, once it has a journal."""
        journal = self.folder_of(index, 3) / "private" / "journal.sqlite"
        end = time.monotonic() + 30
        while not journal.exists():
            self.assertLess(time.monotonic(), end, "no task began: " + self.said())
            time.sleep(0.005)
        time.sleep(0.2)  # some way into its answers; it has seconds of them
        marks = {f"SLURM_ARRAY_TASK_ID={index}".encode(), f"OUT={self.out}".encode()}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                environment = set((process / "environ").read_bytes().split(b"\0"))
                name = (process / "comm").read_text().strip()
            except OSError:
                continue
            if marks <= environment and name == "souvenir":
                os.kill(int(process.name), signal.SIGKILL)
                return
        self.fail("the task is not there any more")

    def said(self):
        return CLUSTER.ask("squeue", "-r", "-t", "all") + "".join(
            path.read_text() for path in self.folder.glob("task.*"))

    def await_states(self, job, expected):
        end = time.monotonic() + 120
        while CLUSTER.states(job) != expected:
            self.assertLess(time.monotonic(), end,
                            f"{CLUSTER.states(job)}, expected {expected}: {self.said()}")
            time.sleep(0.2)


class Manifests(unittest.TestCase):
    def test_the_kubernetes_job_tells_its_pods_how_many_there_are(self):
        lines = (ROOT / "configs" / "cluster" / "audit-job.yaml").read_text().splitlines()
        completions = next(line.split(":")[1].strip() for line in lines if "  completions:" in line)
        at = next(i for i, line in enumerate(lines) if "name: JOB_COMPLETIONS" in line)
        self.assertEqual(json.loads(lines[at + 1].split(":")[1]), completions)
        self.assertIn("  completionMode: Indexed", lines)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


if __name__ == "__main__":
    if sys.argv[1] == "Mpirun":
        if shutil.which("mpirun") is None:
            skip("mpirun: not installed (Debian: openmpi-bin)")
        unittest.main(argv=[sys.argv[0], "Mpirun", "Manifests"])
    try:
        cluster = slurm.Slurm()
        CLUSTER = cluster.__enter__()
    except slurm.CannotRun as reason:
        skip(f"Slurm cannot run here: {reason}")
    try:
        unittest.main(argv=[sys.argv[0], "Slurm"])
    finally:
        cluster.__exit__()
