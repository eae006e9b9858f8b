"""Compares Souvenir with transformers on a real model: log-probabilities and greedy continuations.

    build/venv/bin/python tests/real_model/compare_with_transformers.py build/release/souvenir MODEL

50 pieces of the licence texts in /usr/share/common-licenses, float32. Ends 1 if a log-probability
differs by 1e-3 nats or more; a greedy continuation that differs is printed with the gap between the
two best tokens there.
"""

import json
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

LICENCES = ("GPL-3", "Apache-2.0", "MPL-2.0", "Artistic", "GFDL-1.3")
PREFIX, NEW = 30, 50


def pieces():
    for name in LICENCES:
        with open(f"/usr/share/common-licenses/{name}", encoding="utf-8", errors="ignore") as file:
            text = file.read()
        yield from (text[i * len(text) // 10:][:300] for i in range(10))


def ask(program, verb, model, rows, *flags):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    out = subprocess.run([program, verb, model, *flags], input=text, stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def main(program, directory):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    rows = [{"id": i, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]}
            for i, text in enumerate(pieces())]
    worst = 0.0
    for row, answer in zip(rows, ask(program, "score", directory, rows, "--dtype", "float32")):
        with torch.no_grad():
            table = torch.log_softmax(model(torch.tensor([row["ids"]])).logits[0].float(), -1)
        expected = table[:-1].gather(1, torch.tensor(row["ids"][1:])[:, None])[:, 0]
        found = torch.tensor(answer["log_probs"][1:])
        worst = max(worst, (found - expected).abs().max().item())
    print(f"{len(rows)} texts: largest difference in log p {worst:.2e} nats")

    prefixes = torch.tensor([row["ids"][:PREFIX] for row in rows])
    with torch.no_grad():
        wanted = model.generate(prefixes, attention_mask=torch.ones_like(prefixes), do_sample=False,
                                min_new_tokens=NEW, max_new_tokens=NEW, pad_token_id=0)[:, PREFIX:]
    found = ask(program, "generate", directory,
                [{"id": i, "prefix_ids": p} for i, p in enumerate(prefixes.tolist())],
                "--dtype", "float32", "--max-new-tokens", str(NEW))
    same = 0
    for row, want, answer in zip(rows, wanted.tolist(), found):
        want = want[:len(answer["ids"])] if answer["stop"] == "eos" else want
        same += want == answer["ids"]
        if want != answer["ids"]:
            at = next(i for i, pair in enumerate(zip(want, answer["ids"])) if pair[0] != pair[1])
            with torch.no_grad():
                logits = model(torch.tensor([row["ids"][:PREFIX] + want[:at]])).logits[0, -1]
            best = logits.topk(2).values
            print(f"text {row['id']}: differs at token {at}, gap {best[0] - best[1]:.2e}")
    print(f"{same} of {len(rows)} greedy continuations of {NEW} tokens are the same")
    return worst >= 1e-3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
