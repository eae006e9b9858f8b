#!/usr/bin/env python3
"""Times what users would otherwise run on the same strings: transformers and lm_eval.

    python reference_scoring.py MODEL --requests FILE --dtype float32|bfloat16 [--threads 2]
        [--programs generate,lm_eval,forward] [--batches NAME=8,32 ...] [--seconds N]

Prints one JSON line for each program and batch size: strings a second, one run each after a warm-up
of two strings. What would take longer than --seconds, going by its warm-up, gets as many strings
as it can do in that time, and where those are two, the warm-up counts. Its strings a second are
then those of strings as long as the whole set's are on average.
  generate  transformers generate, greedy: what "does the model emit it?" costs by generation
  lm_eval   lm_eval's loglikelihood (HFLM), the usual way to score
  forward   transformers, teacher-forced, padded in file order, logits of every position
"""

import argparse
import json
import os
import resource
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

BATCHES = {"generate": (8, 32, 64), "lm_eval": (8, 16, 32), "forward": (1, 8, 32)}


def read_requests(path):
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [(row["prefix_ids"], row["ids"]) for row in rows]


def batches(rows, size):
    for start in range(0, len(rows), size):
        yield rows[start:start + size]


def padded(torch, sequences, left):
    """Pads to the longest; returns ids and the mask of real tokens."""
    width = max(map(len, sequences))
    ids = torch.zeros(len(sequences), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        at = width - len(sequence) if left else 0
        ids[row, at:at + len(sequence)] = torch.tensor(sequence)
        mask[row, at:at + len(sequence)] = 1
    return ids, mask


def run_generate(torch, model, rows, size):
    for batch in batches(rows, size):
        ids, mask = padded(torch, [prefix for prefix, _ in batch], left=True)
        tokens = max(len(text) for _, text in batch)
        # Both limits: a random model must not end early by chance.
        model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=tokens,
                       min_new_tokens=tokens, pad_token_id=0)


def run_forward(torch, model, rows, size):
    for batch in batches(rows, size):
        ids, mask = padded(torch, [prefix + text for prefix, text in batch], left=False)
        logits = model(ids, attention_mask=mask).logits[:, :-1]
        torch.log_softmax(logits.float(), -1).gather(-1, ids[:, 1:, None])


def peak_megabytes():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def minimal_tokenizer():
    """lm_eval wants a tokenizer, though it is handed token ids and asks it for none."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({"<end>": 0}, unk_token="<end>"))
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<end>", pad_token="<end>")


def run_lm_eval(_, model, rows, size):
    # Made anew for each batch size: it reads the model's configuration only.
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(pretrained=model, tokenizer=minimal_tokenizer(), batch_size=size, device="cpu")
    start = time.perf_counter()
    harness._loglikelihood_tokens([(("", ""), prefix, text) for prefix, text in rows],
                                  disable_tqdm=True)
    return time.perf_counter() - start


def timed(run, torch, model, rows, size):
    start = time.perf_counter()
    return run(torch, model, rows, size) or time.perf_counter() - start


def report(program, size, part, seconds, rows):
    def mean_tokens(some):
        return sum(len(prefix) + len(text) for prefix, text in some) / len(some)
    rate = len(part) / seconds * mean_tokens(part) / mean_tokens(rows)
    print(json.dumps({"program": program, "batch": size, "strings": len(part),
                      "seconds": round(seconds, 3), "strings_per_second": rate,
                      "peak_megabytes": peak_megabytes()}), flush=True)


RUNS = {"generate": run_generate, "lm_eval": run_lm_eval, "forward": run_forward}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--requests", required=True)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--programs", default="generate,lm_eval,forward")
    parser.add_argument("--seconds", type=float, default=120,
                        help="what one program may take at one batch size (default 120)")
    parser.add_argument("--batches", action="append", default=[], metavar="PROGRAM=N,N")
    arguments = parser.parse_args()
    sizes = dict(BATCHES)
    for choice in arguments.batches:
        program, _, values = choice.partition("=")
        sizes[program] = tuple(int(value) for value in values.split(","))

    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(arguments.threads)
    model = AutoModelForCausalLM.from_pretrained(
        arguments.model, dtype=getattr(torch, arguments.dtype), local_files_only=True).eval()
    model.generation_config.eos_token_id = None
    rows = read_requests(arguments.requests)
    with torch.inference_mode():
        for program in arguments.programs.split(","):
            warm_up = timed(RUNS[program], torch, model, rows[:2], 2)
            count = min(len(rows), int(arguments.seconds / warm_up * 2))
            if count <= 2:
                report(program, 2, rows[:2], warm_up, rows)
                continue
            part = rows[:count]
            # A batch size beyond the strings is the same as any other beyond them.
            for size in dict.fromkeys(min(size, count) for size in sizes[program]):
                report(program, size, part, timed(RUNS[program], torch, model, part, size), rows)


if __name__ == "__main__":
    main()
