#!/usr/bin/env python3
"""Times tokenisation beside the reference library, in one run: MB/s of each, and the ratio.

    python time_tokenizers.py --program build/release/tests/tokenizer_tests [--threads 1] [NAME …]

The texts are the licences of /usr/share/common-licenses and this repository's sources, and invented
text in several scripts.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile
import time

import golden_texts

ROOT = pathlib.Path(__file__).resolve().parents[2]
FETCHED = ("gpt2", "llama2", "llama3", "qwen3", "gemma3", "smollm2")


def corpora():
    licences = [p.read_text(encoding="utf-8", errors="replace")
                for p in sorted(pathlib.Path("/usr/share/common-licenses").iterdir()) if p.is_file()]
    code = [p.read_text(encoding="utf-8") for folder in ("harness", "metrics", "tests", "probes")
            for p in sorted((ROOT / folder).rglob("*.cpp"))]
    source = golden_texts.Source(3)
    mixed = [source.prose(pool, 200, 400) for _ in range(60) for pool in (
        golden_texts.FRENCH, golden_texts.RUSSIAN, golden_texts.GREEK, golden_texts.VIETNAMESE)]
    mixed += ["".join(source.cjk() for _ in range(20)) for _ in range(200)]
    return {"licences": licences, "code": code, "scripts": mixed}


def time_reference(tokenizer, texts, threads):
    """Best of two passes, as below."""
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        if threads == 1:
            for text in texts:
                tokenizer.encode(text, add_special_tokens=False)
        else:
            tokenizer.encode_batch(texts, add_special_tokens=False)
        best = min(best, time.perf_counter() - start)
    return best


def time_ours(program, folder, texts, threads):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write("".join(text.replace("\0", "") + "\0" for text in texts))
        file.flush()
        out = subprocess.run(
            [program, "tokenizer speed"], check=True, capture_output=True, text=True,
            env=os.environ | {"SOUVENIR_SPEED_TOKENIZER": str(folder), "SOUVENIR_SPEED_TEXTS": file.name,
                              "SOUVENIR_SPEED_THREADS": str(threads)}).stdout
    numbers = dict(re.findall(r"(\w+_s) ([0-9.e+-]+)", out))
    return {name: float(value) for name, value in numbers.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokenizers", type=pathlib.Path, default=ROOT / "build/tokenizers")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)
    import tokenizers
    print(f"{'tokenizer':10} {'texts':10} {'reference':>10} {'cold':>8} {'warm':>8} {'ratio':>6}  MB/s")
    for name in arguments.names or FETCHED:
        folder = arguments.tokenizers / name
        start = time.perf_counter()
        reference = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        loading = time.perf_counter() - start
        for kind, texts in corpora().items():
            size = sum(len(text.encode()) for text in texts) / 1e6
            theirs = time_reference(reference, texts, arguments.threads)
            ours = time_ours(arguments.program, folder, texts, arguments.threads)
            print(f"{name:10} {kind:10} {size / theirs:10.2f} {size / ours['cold_s']:8.2f} "
                  f"{size / ours['warm_s']:8.2f} {theirs / min(ours['cold_s'], ours['warm_s']):6.1f}",
                  flush=True)
        print(f"{name:10} loads in {loading:.2f} s there, {ours['load_s']:.2f} s here", flush=True)


if __name__ == "__main__":
    main()
