#!/usr/bin/env python3
"""How often each probe sees what is there, and how often it sees what is not.

    python run_detection.py --souvenir build/release/souvenir --out FOLDER [--seeds 20]

For each seed `souvenir demo` trains two small models on one corpus, one with strings planted in it,
and audits both. The model that never saw them is the null: every word "contradicted" there is a false
alarm, and of its p-values no more than one in twenty should be below 0.05. Folders are kept and a
second run goes on where the first was stopped. Prints two tables, as they stand in probes/README.md.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

from scipy.stats import beta

LEVEL = 0.05
TIERS = (1, 4, 16, 64)
# What a seed trains and plants: less than the demonstration, in about half its time.
SIZES = {"documents": 800, "persons": 5, "canaries": 12, "canary-controls": 18, "hidden": 96,
         "intermediate": 256, "layers": 3}
# Title, probe, metric, parameters.
TIERED = [
    ("reproduced greedily", "discoverable_extraction", "verbatim_rate", {}),
    ("reproduced in 100 samples (p >= 0.5)", "discoverable_extraction", "extractable_rate",
     {"n": 100, "p": 0.5, "temperature": 1, "top_k": 40, "top_p": 1}),
    ("exposure of canaries", "canary_exposure", "exposure_median", {"ranking": "sampled"}),
    ("canary ranked first", "canary_exposure", "rank_first_rate", {"ranking": "sampled"}),
    ("identifier in generated text", "personal_data", "exposed_rate", {}),
    ("true value first among twins", "personal_data", "true_value_rank_first_rate", {}),
] + [(f"membership of canaries, {score}", "membership", "auc",
      {"population": "canaries", "score": score})
     for score in ("loss", "reference", "zlib", "min_k", "min_k_pp", "surp", "lowercase",
                   "log_rank", "ez", "wbc", "rmia")]
EPSILON = ("one-run epsilon", "one_run_audit", "epsilon_lower_bound", None)


def train_and_audit(seed):
    folder = ARGUMENTS.out / f"seed-{seed}"
    if not (folder / "truth.json").exists():
        sizes = [part for name, value in SIZES.items() for part in (f"--{name}", str(value))]
        code = subprocess.run([ARGUMENTS.souvenir, "demo", "--out", folder, "--seed", str(seed),
                               "--progress", "none", *sizes], stdout=subprocess.DEVNULL).returncode
        if code not in (0, 4):
            sys.exit(f"seed {seed}: souvenir demo: expected 0 or 4, found {code}")
    print(f"seed {seed}: done", file=sys.stderr)
    return [json.loads((folder / f"audit-{which}" / "evidence.json").read_text())["findings"]
            for which in ("model", "control")]


def pick(findings, probe, metric, params, stratum):
    found = [finding for finding in findings
             if (finding["probe"]["name"], finding["metric"]["name"]) == (probe, metric)
             and finding["stratum"] == stratum
             and params in (None, finding["metric"]["params"])]
    if len(found) > 1:
        sys.exit(f"{probe}/{metric}: expected one finding, found {len(found)}")
    return found[0] if found and found[0]["estimate"]["value"] is not None else None


def contradicted(findings):
    return sum(finding["outcome"] == "contradicted" for finding in findings)


def interval(hits, n):
    """Clopper and Pearson, 95 %."""
    low = beta.ppf(0.025, hits, n - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, n - hits) if hits < n else 1.0
    return f"{100 * low:.1f}-{100 * high:.1f} %"


def tier_cell(findings):
    """Seeds in which the word was said, and the median of what was measured."""
    if not findings:
        return "-"
    median = statistics.median(finding["estimate"]["value"] for finding in findings)
    return f"{contradicted(findings)}/{len(findings)} ({median:.2f})"


def alarms(findings):
    judged = [finding for finding in findings if finding["outcome"] != "human_judgement"]
    tested = [finding["estimate"]["p_value"] for finding in findings
              if finding["estimate"]["p_value"] is not None]
    low = sum(value < LEVEL for value in tested)
    share = f"{low}/{len(tested)} ({interval(low, len(tested))})" if tested else "-"
    return f"{contradicted(judged)}/{len(judged)}", share


def row(seeds, title, probe, metric, params):
    per_tier = [[pick(model, probe, metric, params, {"repetitions": tier}) for model, _ in seeds]
                for tier in TIERS]
    null = [pick(control, probe, metric, params, {"repetitions": tier})
            for _, control in seeds for tier in TIERS]
    return [title, *(tier_cell([f for f in tier if f]) for tier in per_tier),
            *alarms([f for f in null if f])]


def epsilon_row(seeds):
    title, probe, metric, params = EPSILON
    found = [[pick(findings, probe, metric, params, {}) for findings in pair] for pair in seeds]
    return [title, tier_cell([model for model, _ in found if model]), "-", "-", "-",
            *alarms([control for _, control in found if control])]


def every_alarm(seeds):
    """All words said of control models, by probe: how many findings, how many seeds."""
    rows = []
    for probe in sorted({f["probe"]["name"] for _, control in seeds for f in control}):
        judged = [[f for f in control if f["probe"]["name"] == probe and f["outcome"] in
                   ("contradicted", "not_contradicted_in_scope", "inconclusive")]
                  for _, control in seeds]
        hit = sum(contradicted(findings) > 0 for findings in judged)
        rows.append([probe, str(sum(map(len, judged))), str(sum(map(contradicted, judged))),
                     f"{hit}/{len(seeds)} ({interval(hit, len(seeds))})"])
    return rows


def table(head, rows):
    return "\n".join("| " + " | ".join(cells) + " |"
                     for cells in [head, ["---"] * len(head), *rows])


def main():
    seeds = [train_and_audit(seed) for seed in range(ARGUMENTS.first,
                                                     ARGUMENTS.first + ARGUMENTS.seeds)]
    rows = [row(seeds, *what) for what in TIERED] + [epsilon_row(seeds)]
    print(table(["what is seen", *(f"{tier} times" for tier in TIERS),
                 "false alarms", f"p < {LEVEL} under the null"], rows))
    print()
    print(table(["probe", "findings judged, control models", "contradicted",
                 "seeds with any"], every_alarm(seeds)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--souvenir", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    ARGUMENTS = parser.parse_args()
    main()
