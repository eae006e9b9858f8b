#!/usr/bin/env python3
"""Makes the small tokenizers without a list of merges in tests/golden/rank_tokenizers, and what their
own libraries make of a few hundred texts. Both are committed; run it again only to change them.

    python3 -m venv V && V/bin/pip install tiktoken==0.14.0 mistral-common==1.13.1 tokenizers==0.23.3
    V/bin/python make_rank_golden.py [--out tests/golden/rank_tokenizers]

Neither library gives byte offsets: a token's are those of the characters its bytes lie in.
"""

import argparse
import base64
import itertools
import json
import pathlib
import random
import unicodedata

import tiktoken
from mistral_common.tokens.tokenizers.tekken import SpecialTokenPolicy, Tekkenizer
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

import golden_texts

HERE = pathlib.Path(__file__).resolve().parent
ALPHABET = {c: b for b, c in enumerate(
    chr(b) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255 else None for b in range(256)) if c}
for place, byte in enumerate(b for b in range(256) if b not in ALPHABET.values()):
    ALPHABET[chr(256 + place)] = byte

PATTERNS = {  # as published with each family
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|"
              r"\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
              r"\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
            r"\s*[\r\n]+|\s+(?!\S)|\s+",
    "tekken": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
              r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|"
              r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}


def corpus():
    source = golden_texts.Source(2025)
    pools = (golden_texts.ENGLISH, golden_texts.FRENCH, golden_texts.RUSSIAN, golden_texts.DIGITS)
    return [source.prose(pool) for pool in pools for _ in range(200)] + \
        [source.code() for _ in range(200)] + [source.cjk() for _ in range(60)]


def ranks(pattern, size):
    """Byte strings by rank: the bytes, then what a training merged, in its order."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERNS[pattern]), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    merges = [left + right for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]
    found = [bytes([byte]) for byte in range(256)]
    for product in dict.fromkeys(merges):
        found.append(bytes(ALPHABET[c] for c in product))
    return found


def offsets(text, pieces):
    """Flat byte offsets of tokens: the characters that their bytes lie in."""
    data = text.encode()
    assert b"".join(pieces) == data
    starts = [at for at in range(len(data)) if data[at] & 0xC0 != 0x80] + [len(data)]
    owner = [s for s, e in itertools.pairwise(starts) for _ in range(s, e)]
    end = {s: e for s, e in itertools.pairwise(starts)}
    flat, at = [], 0
    for piece in pieces:
        flat += [owner[at], end[owner[at + len(piece) - 1]]]
        at += len(piece)
    return flat


def texts(special):
    found = [text for text in golden_texts.texts(special, 0.06, 300) if len(text) < 400]
    return random.Random(4).sample(found, 160) + list(special)


def write(folder, rows, decoded):
    with (folder / "golden.jsonl").open("w", encoding="utf-8") as file:
        file.write(json.dumps({"texts": len(rows), "tokenizer": "."}) + "\n")
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        for ids, text in decoded:
            file.write(json.dumps({"decode": ids, "decoded": text}, ensure_ascii=False) + "\n")


def make_tiktoken(folder, file, pattern, special, front=(), config=None, size=600):
    tokens = ranks(pattern, size)
    lines = [f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("".join(lines))
    special = {content: len(tokens) + i for i, content in enumerate(special)}
    if config is not None:
        config["added_tokens_decoder"] = {
            str(i): {"content": content, "normalized": False, "special": True}
            for content, i in special.items()}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    reference = tiktoken.Encoding("small", pat_str=PATTERNS[pattern], special_tokens=special,
                                  mergeable_ranks={token: rank for rank, token in enumerate(tokens)})
    names = {i: content.encode() for content, i in special.items()}
    rows = []
    for text in texts(list(special)[:6]):
        text = unicodedata.normalize("NFC", text)
        ids = reference.encode(text, allowed_special="all")
        pieces = [names.get(i) or tokens[i] for i in ids]
        rows.append({"text": text, "ids": ids, "offsets": offsets(text, pieces),
                     "around": [[special[f] for f in front], []], "decoded": reference.decode(ids)})
    source = random.Random(9)
    lists = [source.choices(range(len(tokens) + len(special)), k=6) for _ in range(40)]
    write(folder, rows, [(ids, reference.decode(ids)) for ids in lists])


def make_tekken(folder, special, count, version, size=500):
    tokens = ranks("tekken", size)
    tree = {"config": {"pattern": PATTERNS["tekken"], "num_vocab_tokens": len(tokens),
                       "default_vocab_size": len(tokens) - 20 + count,
                       "default_num_special_tokens": count, "version": version},
            "vocab": [{"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}
                      for rank, token in enumerate(tokens)]}
    if special:
        tree["special_tokens"] = [{"rank": i, "token_str": content, "is_control": True}
                                  for i, content in enumerate(special)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tekken.json").write_text(json.dumps(tree, separators=(",", ":")) + "\n")
    reference = Tekkenizer.from_file(folder / "tekken.json")
    rows = []
    for text in texts(["<s>", "[INST]", "</s>", "<SPECIAL_25>"]):
        ids = reference.encode(text, bos=False, eos=False)
        front = reference.encode(text, bos=True, eos=False)[:1]
        rows.append({"text": text, "ids": ids, "offsets": offsets(text, [tokens[i - count] for i in ids]),
                     "around": [front, []], "decoded": reference.decode(ids)})
    source = random.Random(9)
    lists = [source.choices(range(reference.n_words), k=6) for _ in range(40)]
    write(folder, rows, [(ids, reference.decode(ids, SpecialTokenPolicy.KEEP)) for ids in lists])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "rank_tokenizers")
    out = parser.parse_args().out
    make_tiktoken(out / "tiktoken", "small.tiktoken", "llama3", ["<|end|>", "<|begin|>", "<|im|>"],
                  ["<|begin|>"], {"pat_str": PATTERNS["llama3"], "add_bos_token": True,
                                  "bos_token": "<|begin|>", "eos_token": "<|end|>"})
    make_tiktoken(out / "qwen", "qwen.tiktoken", "qwen", [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{i}|>" for i in range(205))], size=400)
    make_tekken(out / "tekken-v3", [], 30, "v3")
    make_tekken(out / "tekken-v11", ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[THINK]"], 9, "v11")


if __name__ == "__main__":
    main()
