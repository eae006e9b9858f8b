#!/usr/bin/env python3
"""Scores the same rows with a model in memory and read layer by layer, and prints one table.

    python run_memory.py --program build/release/souvenir [--tokens N] [--layers N] [--hidden N]
                         [--experts N] [--out FILE]

The model is a Llama of random float32 weights, made once: 80 layers of 51 MB are 4.1 GB, four times
what `--memory` gives the second run. How many tokens can pass at once grows with the weights and
falls with the hidden size; a narrow mixture (`--hidden 256 --layers 29 --experts 64`) lets 10^5 through
without a machine of many cores, and computes least for what it reads. The rows of both runs are
compared byte by byte. Both read the file through the operating system's cache; `--cold` has it drop
that first (as root).
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import random_llama

ROOT = pathlib.Path(__file__).resolve().parents[2]
VOCABULARY = 8000


def write_rows(path, tokens):
    stream = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(tokens // 100):
            ids = [stream.randrange(VOCABULARY) for _ in range(100)]
            file.write(json.dumps({"id": number, "prefix_ids": ids[:50], "ids": ids[50:]}) + "\n")


def run(model, rows, out, *flags):
    if ARGUMENTS.cold:
        subprocess.run("sync; echo 3 > /proc/sys/vm/drop_caches", shell=True, check=True)
    command = [ARGUMENTS.program, "score", model, "-i", rows, "-o", out, "--progress", "none",
               *flags]
    print("  " + " ".join(map(str, command)), file=sys.stderr)
    start = time.monotonic()
    child = subprocess.Popen(list(map(str, command)))
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]}: ended with status {status}")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="souvenir")
    parser.add_argument("--tokens", type=int, default=20000)
    parser.add_argument("--layers", type=int, default=80)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--experts", type=int, default=0, help="a mixture, two of them a token")
    parser.add_argument("--cold", action="store_true", help="drop the system's file cache first")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench/memory.md")
    return parser.parse_args()


def main():
    folder = ARGUMENTS.out.parent
    size = [ARGUMENTS.layers, ARGUMENTS.hidden] + [ARGUMENTS.experts] * (ARGUMENTS.experts > 0)
    model = ROOT / "build/models" / "-".join(["random-llama", *map(str, size)])
    random_llama.write(model, ARGUMENTS.layers, ARGUMENTS.hidden, VOCABULARY,
                       experts=ARGUMENTS.experts)
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "rows.jsonl", ARGUMENTS.tokens)
    weights = (model / "model.safetensors").stat().st_size
    given = weights // 4
    lines = []
    for name, flags in (("in memory", ()), ("layer by layer", ("--memory", given))):
        seconds, peak = run(model, folder / "rows.jsonl", folder / f"{len(lines)}.jsonl", *flags)
        lines.append((name, seconds, peak))
    same = (folder / "0.jsonl").read_bytes() == (folder / "1.jsonl").read_bytes()
    table = "| layers | weights, MB | `--memory`, MB | tokens | seconds | times | peak MB | rows |\n"
    table += "|" + " --- |" * 8 + "\n"
    for (name, seconds, peak), memory in zip(lines, ("", f"{given / 1e6:.0f}")):
        table += (f"| {name} | {weights / 1e6:.0f} | {memory} | {ARGUMENTS.tokens:,} | {seconds:.0f} "
                  f"| {seconds / lines[0][1]:.2f} | {peak / 1e6:.0f} | "
                  f"{'' if not memory else 'the same bytes' if same else 'DIFFERENT'} |\n")
    ARGUMENTS.out.write_text(table, encoding="utf-8")
    print(table)
    return 0 if same else 1


if __name__ == "__main__":
    ARGUMENTS = parse_arguments()
    sys.exit(main())
