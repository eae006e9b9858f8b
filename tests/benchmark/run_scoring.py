#!/usr/bin/env python3
"""Scores the same strings with Souvenir and with its references, in one run, and prints one table.

    python run_scoring.py --souvenir build/release/scoring_benchmark [--quick] [--out FILE]

For each model, set of strings and dtype: Souvenir, then every reference at every batch size, then
Souvenir again, so that a machine that slows down or speeds up shows. Strings a second are the best
of all runs. "bounded" leaves strings as `souvenir audit --queries-max 1000` does: random tokens are
all left at once, as texts that a model does not know are. The limit is the rate of the model's own
matrix shapes, timed by the same program just before and after each run (the mean of the two), over
the multiplications that a string cannot do without. Each run has a share of its own limit; the table
has their median and, in brackets, the least and the most: on a shared machine they differ.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODELS = {"SmolLM2-135M": "smollm2-135m-instruct", "GPT-2 small shape": "gpt2-small-shape"}
SETS = {"fixed": "50 + 50", "mixed": "16-400 + 8-64"}
DTYPES = ("float32", "bfloat16")
QUERIES_MAX = 1000
REPEATS = 3  # before the references, and after
QUICK = ["--batches", "generate=32", "--batches", "lm_eval=8"]


def json_lines(command):
    """Runs a program and returns the JSON rows that it prints."""
    print(f"  {pathlib.Path(command[0]).name} {' '.join(map(str, command[1:]))}", file=sys.stderr)
    environment = dict(os.environ, OMP_NUM_THREADS=str(ARGUMENTS.threads))
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: ended with {done.returncode}\n{done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def best(rows, program):
    rows = [row for row in rows if row["program"] == program and "strings_per_second" in row]
    return max(rows, key=lambda row: row["strings_per_second"], default=None)


def measure(model, requests, dtype):
    """All rows of one cell of the table."""
    options = [model, "--requests", requests, "--dtype", dtype, "--threads", ARGUMENTS.threads]

    def souvenir():
        return [dict(row, program=program)
                for program, more in (("souvenir", []), ("bounded", ["--queries-max", QUERIES_MAX]))
                for row in json_lines([ARGUMENTS.souvenir, *options, "--repeats", REPEATS, *more])]
    before = souvenir()
    # Each by itself, so that its peak is its own.
    references = [row for program in ARGUMENTS.programs.split(",")
                  for row in json_lines([sys.executable, HERE / "reference_scoring.py", *options,
                                         "--programs", program, *(QUICK if ARGUMENTS.quick else [])])]
    return before + references + souvenir()


def cell(name, kind, dtype, rows):
    ours, forward = best(rows, "souvenir"), best(rows, "forward")
    generate, lm_eval = best(rows, "generate"), best(rows, "lm_eval")
    runs = [row for row in rows if row["program"] == "souvenir" and "repeat" in row]
    gemm = statistics.median(row["gemm_gflops"] for row in runs)
    shares = [100 * row["share_of_gemm"] for row in runs]
    rate = ours["strings_per_second"]
    bounded = best(rows, "bounded")["strings_per_second"]

    def figure(row):
        return f"{row['strings_per_second']:.2f} ({row['batch']})" if row else ""
    return [name, SETS[kind], dtype, f"{rate:.2f}", figure(generate), figure(lm_eval),
            figure(forward), f"{rate / generate['strings_per_second']:.2f}",
            f"{rate / lm_eval['strings_per_second']:.2f}", f"{bounded:.2f}",
            f"{bounded / generate['strings_per_second']:.2f}", f"{gemm:.0f}",
            f"{gemm / ours['useful_gflop_per_string']:.1f}",
            f"{statistics.median(shares):.0f} % ({min(shares):.0f}-{max(shares):.0f})"]


def costs(name, kind, dtype, rows):
    """Tokens a second and peak memory of each program, at its best batch size."""
    ours = best(rows, "souvenir")
    tokens = ours["tokens_per_second"] / ours["strings_per_second"]

    def figure(program):
        row = best(rows, program)
        return (f"{row['strings_per_second'] * tokens:.0f} / {row['peak_megabytes']:.0f}"
                if row else "")
    return [name, SETS[kind], dtype, *map(figure, PROGRAMS)]


HEAD = ["model", "prefix + text", "dtype", "Souvenir", "`generate`", "`lm_eval`", "forward",
        "/ `generate`", "/ `lm_eval`", "bounded", "/ `generate`", "GEMM GFLOP/s", "limit", "share"]
PROGRAMS = ("souvenir", "bounded", "generate", "lm_eval", "forward")


def table(head, cells):
    lines = [head, ["---"] * len(head)] + cells
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def cpu_name():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--souvenir", required=True, help="the program scoring_benchmark")
    parser.add_argument("--count", type=int, help="strings a set (default 128; 32 with --quick)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", default=",".join(MODELS.values()))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--dtypes", default=",".join(DTYPES))
    parser.add_argument("--programs", default="generate,lm_eval,forward",
                        help="references: generate, lm_eval, forward (the teacher-forced pass)")
    parser.add_argument("--quick", action="store_true", help="fewer strings, one batch size each")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench/scoring.md")
    return parser.parse_args()


def main():
    count = ARGUMENTS.count or (32 if ARGUMENTS.quick else 128)
    cells, spent, raw = [], [], []
    ARGUMENTS.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ARGUMENTS.out.parent) as scratch:
        for kind in ARGUMENTS.sets.split(","):
            requests = pathlib.Path(scratch) / f"{kind}.jsonl"
            subprocess.run([sys.executable, HERE / "make_inputs.py", "requests", "--set", kind,
                            "--count", str(count), "--out", requests], check=True)
            for name, folder in MODELS.items():
                if folder not in ARGUMENTS.models.split(","):
                    continue
                model = ROOT / "build/models" / folder
                for dtype in ARGUMENTS.dtypes.split(","):
                    measured = measure(model, requests, dtype)
                    raw += [dict(row, model=folder, set=kind, dtype=dtype) for row in measured]
                    cells.append(cell(name, kind, dtype, measured))
                    spent.append(costs(name, kind, dtype, measured))
    text = (f"Strings a second, {count} a set, {ARGUMENTS.threads} threads, {cpu_name()}"
            f"{', quick' if ARGUMENTS.quick else ''}. In brackets the best batch size.\n\n"
            + table(HEAD, cells)
            + "\nTokens that a string consists of, a second / peak MB of the process.\n\n"
            + table([*HEAD[:3], *PROGRAMS], spent))
    ARGUMENTS.out.write_text(text, encoding="utf-8")
    ARGUMENTS.out.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in raw))
    print(text)
    print(f"Written to {ARGUMENTS.out}; every run is in {ARGUMENTS.out.with_suffix('.jsonl').name}")


if __name__ == "__main__":
    ARGUMENTS = parse_arguments()
    main()
