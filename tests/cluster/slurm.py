"""A Slurm of one node for a test: its own munge, controller and node daemon, gone afterwards.

Needs root and Debian's slurmctld, slurmd, slurm-client and munge; no systemd, and of control groups nothing
that Slurm would have to write.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")

CONFIG = """
ClusterName=souvenir
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
AuthType=auth/munge
# A requeued job waits until its first credential has expired: 120 s otherwise.
AuthInfo=socket={folder}/munge/socket,cred_expire=6
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=3 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class CannotRun(Exception):
    """This machine cannot run Slurm, and why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Slurm:
    def __enter__(self):
        # Debian keeps daemons where an ordinary user's PATH does not look.
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            raise CannotRun("not installed: " + " ".join(missing))
        if os.geteuid() != 0:
            raise CannotRun("slurmd needs root")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm-"))
        self.daemons = []
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        for name in ("munge", "state", "spool"):
            (self.folder / name).mkdir(mode=0o700)
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o400)
        host = socket.gethostname().split(".")[0]
        config = self.folder / "slurm.conf"
        config.write_text(CONFIG.format(folder=self.folder, host=host, port=free_port(), node_port=free_port()))
        # Slurm 22.05 loads one of its two plugins whether or not anything uses it.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        os.environ["SLURM_CONF"] = str(config)
        munge = self.folder / "munge"
        self.daemon("munged", "--foreground", "--force", "--key-file", key, "--socket", munge / "socket",
                    "--pid-file", munge / "pid", "--log-file", munge / "log", "--seed-file", munge / "seed")
        self.wait(lambda: (munge / "socket").exists(), "munged opened no socket")
        self.daemon("slurmctld", "-D", "-f", config)
        self.daemon("slurmd", "-D", "-f", config, "-N", host)
        self.wait(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "the node did not become idle")

    def daemon(self, *command):
        log = open(self.folder / (command[0] + ".out"), "wb")
        self.daemons.append(subprocess.Popen([*map(str, command)], stdout=log, stderr=log))
        log.close()

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            dead = [daemon.args[0] for daemon in self.daemons if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                logs = "".join(path.read_text(errors="replace")[-600:] for path in
                               sorted(self.folder.glob("slurm*.log")) + sorted(self.folder.glob("*.out")))
                raise CannotRun(f"{what}; ended: {dead or 'none'}\n{logs}")
            time.sleep(0.1)

    def ask(self, *command):
        return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=30).stdout

    def run(self, *command, **how):
        return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True, timeout=120,
                              **how).stdout

    def states(self, job):
        """Task number to state, of an array job."""
        rows = self.ask("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%K %T").split("\n")
        return dict(row.split() for row in rows if row.strip())

    def __exit__(self, *_):
        if len(self.daemons) > 1:
            subprocess.run(["scancel", "-u", "root"], capture_output=True)
            time.sleep(0.5)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
