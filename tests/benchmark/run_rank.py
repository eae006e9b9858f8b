#!/usr/bin/env python3
"""Ranks secrets in whole spaces by the trie and flat, in one run, and prints one table.

    python run_rank.py --program build/release/tests/rank_benchmark [--quick] [--out FILE]

A space of 10^4 is scored whole both ways, and the largest difference between the two stands in the
table. Of 10^6 the flat way scores a part, and its time is that part's times the rest.
"""

import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# digits, candidates scored flat (0: all)
SPACES = [(4, 0), (6, 4000)]
HEAD = ["digits", "dtype", "candidates", "token forwards", "flat", "times fewer", "seconds", "flat",
        "times faster", "of which tokenising", "largest difference, nats", "peak MB"]


def run(digits, flat, dtype):
    command = [ARGUMENTS.program, ARGUMENTS.model, "--digits", digits, "--flat", flat,
               "--dtype", dtype, "--threads", ARGUMENTS.threads]
    print("  " + " ".join(map(str, command)), file=sys.stderr)
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def cells(digits, dtype, row):
    part = "" if row["flat_scored"] == row["candidates"] else f" (from {row['flat_scored']:,})"
    return [digits, dtype, f"{row['candidates']:,}", f"{row['forwards']:,}",
            f"{row['flat_forwards']:,}", f"{row['flat_forwards'] / row['forwards']:.0f}",
            f"{row['seconds']:.1f}", f"{row['flat_seconds']:.0f}{part}",
            f"{row['flat_seconds'] / row['seconds']:.0f}", f"{row['tokenising_seconds']:.1f}",
            f"{row['largest_difference_nats']:.1e}", f"{row['peak_bytes'] / 1e6:.0f}"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the program rank_benchmark")
    parser.add_argument("--model", default=ROOT / "build/models/smollm2-135m-instruct")
    parser.add_argument("--dtypes", default="float32,bfloat16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="four digits only")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench/rank.md")
    return parser.parse_args()


def main():
    lines = [HEAD, ["---"] * len(HEAD)]
    for digits, flat in SPACES[:1] if ARGUMENTS.quick else SPACES:
        for dtype in ARGUMENTS.dtypes.split(","):
            lines.append(cells(digits, dtype, run(digits, flat, dtype)))
    table = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"
    ARGUMENTS.out.parent.mkdir(parents=True, exist_ok=True)
    ARGUMENTS.out.write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    ARGUMENTS = parse_arguments()
    main()
