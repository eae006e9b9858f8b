"""Two shards at once, one thread each, beside one process of one thread: ./dev bench shards.

Whole audits by the wall clock, loading the model included, over the same strings; then the merge.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

SUITE = {"schema": "souvenir/suite/1", "name": "shards", "probes": {"discoverable_extraction": {}}}
WORDS = ("river stone market winter letter garden silver engine window forest harbour ladder copper meadow "
         "thunder pocket bridge candle island mirror basket needle orchard saddle").split()


def subjects(path, count):
    """Invented prose, long enough for one window of 50 + 50 tokens each."""
    dice = random.Random(7)
    with open(path, "w") as out:
        for i in range(count):
            text = f"Entry {i}: " + " ".join(dice.choice(WORDS) for _ in range(110))
            out.write(json.dumps({"id": f"s{i}", "text": text}) + "\n")


def timed(commands):
    begin = time.monotonic()
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise SystemExit(f"expected exit 0, found {codes}")
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--souvenir", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--strings", type=int, default=512)
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subjects(folder / "subjects.jsonl", options.strings)
        (folder / "suite.json").write_text(json.dumps(SUITE))
        (folder / "key").write_bytes(os.urandom(32))
        base = [options.souvenir, "audit", options.model, "--suite", folder / "suite.json", "--subjects",
                folder / "subjects.jsonl", "--id-key-file", folder / "key", "--threads", "1", "--dtype",
                options.dtype, "--progress", "none"]
        run = lambda out, shard: [*map(str, base), "--out", str(folder / out), "--shard", shard]
        one = timed([run("one", "none")])
        two = timed([run("two", "0/2"), run("two", "1/2")])
        merge = timed([[options.souvenir, "merge", str(folder / "two")]])
        again = timed([run("one", "none")])  # everything answered: what loading and judging take
        evidence = [json.loads((folder / out / "evidence.json").read_bytes()) for out in ("one", "two")]
        for value in evidence:
            value.pop("run")
    print(f"{options.strings} texts, {options.dtype}, one thread a process, on {os.cpu_count()} processors")
    print(f"one process       {one:7.1f} s, of which {again:.1f} s load the model and judge")
    print(f"two shards        {two:7.1f} s, {one / two:.2f} times as fast")
    print(f"merge             {merge:7.1f} s, with it {one / (two + merge):.2f} times as fast")
    print(f"evidence outside run: {'the same' if evidence[0] == evidence[1] else 'DIFFERENT'}")


if __name__ == "__main__":
    main()
