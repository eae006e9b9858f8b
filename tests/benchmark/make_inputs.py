#!/usr/bin/env python3
"""Makes what the scoring benchmark runs on: request files, and a checkpoint of GPT-2 small's shape.

    python make_inputs.py requests --set fixed|mixed --count N --out FILE
    python make_inputs.py gpt2 --out FOLDER

Requests are rows of `souvenir score` (prefix_ids, ids) with random token ids, all different: speed
does not depend on which tokens they are, and nothing can be saved by what rows share. The
checkpoint has random weights, in float32.
"""

import argparse
import json
import os
import pathlib
import random

SEED = 20250101
VOCABULARY = 49152  # ids that both models know


def lengths(kind, stream):
    if kind == "fixed":
        return 50, 50
    return stream.randint(16, 400), stream.randint(8, 64)


def write_requests(kind, count, out):
    stream = random.Random(f"{SEED}/{kind}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out, "w", encoding="utf-8") as file:
        for number in range(count):
            prefix, text = lengths(kind, stream)
            # 0 to 16 are special tokens in one of the vocabularies.
            ids = [stream.randrange(17, VOCABULARY) for _ in range(prefix + text)]
            file.write(json.dumps({"id": f"{kind}/{number}", "prefix_ids": ids[:prefix],
                                   "ids": ids[prefix:]}) + "\n")


def write_gpt2(out):
    if (out / "model.safetensors").exists() and (out / "config.json").exists():
        return
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.manual_seed(SEED)
    model = GPT2LMHeadModel(GPT2Config())  # the defaults are GPT-2 small, 50,257 tokens
    unfinished = out.with_name(out.name + ".part")
    model.save_pretrained(unfinished)
    if out.exists():
        raise SystemExit(f"{out}: expected nothing or a whole checkpoint there")
    unfinished.rename(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="what", required=True)
    requests = kinds.add_parser("requests")
    requests.add_argument("--set", choices=("fixed", "mixed"), required=True)
    requests.add_argument("--count", type=int, default=128)
    requests.add_argument("--out", type=pathlib.Path, required=True)
    gpt2 = kinds.add_parser("gpt2")
    gpt2.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if arguments.what == "requests":
        write_requests(arguments.set, arguments.count, arguments.out)
    else:
        write_gpt2(arguments.out)


if __name__ == "__main__":
    main()
