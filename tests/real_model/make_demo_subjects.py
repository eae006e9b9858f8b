#!/usr/bin/env python3
"""Writes the subjects of the demonstration: licence texts, invented controls, positive controls.

    python3 make_demo_subjects.py [--seed N] [--licences FOLDER] --out FILE

Passages of the licence texts that every Debian system ships are `member: unknown`: a model trained
on the web has very likely seen them, but nobody here knows. For each passage there is an invented
text of the same length, `member: no`. Needs nothing but Python.
"""

import argparse
import json
import os
import pathlib
import sys

from invented_prose import Writer

PASSAGE = 4000  # characters, about nine windows of 50 + 50 tokens
SHINGLE = 20  # words in a row, fewer than half a window; none occur twice in the invented texts

# Strings that this model continues greedily and far from a tie (gap to the runner-up at least 0.5).
POSITIVE = (
    ("pangram", "The quick brown fox jumps over the lazy", " dog"),
    ("biology", "The mitochondria are often called the powerhouse", " of the cell"),
    ("import", "import numpy as np\nimport matplotlib.pyplot as", " plt\n"),
    ("digits", "The first ten digits are 0, 1, 2, 3,", " 4, 5, 6, 7, 8, 9"),
    ("counting", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10,", " 11, 12, 13, 14, 15, 16, 17, 18, 19, 20"),
    ("alphabet", "a b c d e f g h", " i j k l m n o p q r s t u v w x y z"),
)


def passages(text):
    """Cuts a text at blank lines into passages of PASSAGE characters or a little more."""
    passage = ""
    for paragraph in text.split("\n\n"):
        passage += paragraph + "\n\n"
        if len(passage) >= PASSAGE:
            yield passage.rstrip("\n") + "\n"
            passage = ""
    if passage.strip():
        yield passage.rstrip("\n") + "\n"


def shingles(text):
    words = text.split()
    return {tuple(words[start:start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


def invent(seed, lengths):
    """Invented texts of the given lengths, none of which repeats a passage of another."""
    seen = set()
    for number, length in enumerate(lengths, 1):
        for attempt in range(100):
            text = Writer(f"{seed}/{number}/{attempt}").text(length)
            if seen.isdisjoint(shingles(text)):
                break
        else:
            sys.exit("invented texts: found no hundredth text without a repetition")
        seen |= shingles(text)
        yield text


def subjects(folder, seed):
    members = []
    # GPL and LGPL and GFDL are links to one of the versions: each text once.
    for path in sorted(path for path in folder.iterdir() if not path.is_symlink()):
        for number, text in enumerate(passages(path.read_text(encoding="utf-8")), 1):
            members.append({"id": f"{path.name}/{number:02d}", "text": text, "member": "unknown",
                            "strata": {"source": path.name}})
    controls = [{"id": f"invented/{number:02d}", "text": text, "member": "no",
                 "strata": {"source": "invented"}}
                for number, text in enumerate(
                    invent(seed, [len(member["text"]) for member in members]), 1)]
    known = [{"id": f"known/{name}", "prefix": prefix, "secret": secret, "member": "yes",
              "role": "positive_control"} for name, prefix, secret in POSITIVE]
    return members + controls + known


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--licences", type=pathlib.Path,
                        default=pathlib.Path("/usr/share/common-licenses"))
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if not arguments.licences.is_dir():
        sys.exit(f"{arguments.licences}: expected the licence texts of base-files, found none")
    rows = subjects(arguments.licences, arguments.seed)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = arguments.out.with_name(arguments.out.name + ".part")
    unfinished.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    os.replace(unfinished, arguments.out)
    print(f"{len(rows)} subjects written to {arguments.out}")


if __name__ == "__main__":
    main()
