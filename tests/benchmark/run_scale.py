"""Whole audits of more and more strings: what they cost, and the memory they take: ./dev bench scale.

    python run_scale.py --souvenir build/release/souvenir [--most N] [--model DIR] [--out FILE]

From 1,000 strings, tenfold up to the most, each an audit of its own, by the wall clock. The model is
a small Llama of random weights with a token per byte, unless another is named; the strings are
invented, all different, of eleven bytes behind a prompt of seven.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

import random_llama

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITE = {"schema": "souvenir/suite/1", "name": "scale", "probes": {"discoverable_extraction": {}}}


def write_subjects(path, count):
    dice = random.Random(11)
    with open(path, "w", encoding="utf-8") as out:
        for i in range(count):
            secret = "".join(dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(4)) + f"{i:07d}"
            out.write(json.dumps({"id": f"s{i}", "prefix": "say it ", "secret": secret}) + "\n")


def audit(options, folder, count):
    subjects, out = folder / f"{count}.jsonl", folder / f"out-{count}"
    write_subjects(subjects, count)
    command = [options.souvenir, "audit", options.model, "--suite", folder / "suite.json", "--subjects",
               subjects, "--out", out, "--progress", "none", "--dtype", "float32"]
    begin = time.monotonic()
    child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]}: ended with status {status}")
    seconds = time.monotonic() - begin
    rate = next(f for f in json.loads((out / "evidence.json").read_bytes())["findings"]
                if f["id"] == "discoverable_extraction/verbatim_rate/all")
    if rate["estimate"]["n"] != count:
        raise SystemExit(f"expected a rate over {count} strings, found {rate['estimate']['n']}")
    return seconds, usage.ru_maxrss / 1024, (out / "private/journal.sqlite").stat().st_size / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--souvenir", required=True)
    parser.add_argument("--most", type=int, default=10 ** 6)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench/scale.md")
    options = parser.parse_args()
    if options.model is None:
        options.model = ROOT / "build/models/random-llama-2-128"
        random_llama.write(options.model, 2, 128, 256, tokenizer=True)
    weights = sum(file.stat().st_size for file in options.model.glob("*.safetensors")) / 1e6
    table = "| strings | seconds | a thousand strings, s | peak MB | journal MB |\n| --- | --- | --- | --- | --- |\n"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent) as name:
        folder = pathlib.Path(name)
        (folder / "suite.json").write_text(json.dumps(SUITE))
        count = 1000
        while count <= options.most:
            seconds, peak, journal = audit(options, folder, count)
            table += f"| {count:,} | {seconds:.1f} | {1000 * seconds / count:.3f} | {peak:.0f} | {journal:.0f} |\n"
            print(table.splitlines()[-1], flush=True)
            count *= 10
    table += f"\nWeights: {weights:.0f} MB in float32.\n"
    options.out.write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
