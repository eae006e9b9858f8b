#!/usr/bin/env python3
"""Writes what the reference libraries make of a few thousand texts, for the tokenizer's golden test.

    python make_tokenizer_golden.py [--tokenizers build/tokenizers] [--out build/golden/tokenizers]

Takes the tokenizers that fetch_tokenizers.py fetched, the small ones beside this script, and the
variants of those that tokenizer_variants.py derives. For each it writes OUT/NAME/golden.jsonl: a
line about the tokenizer, then one line a text with ids, byte offsets (flat: begin, end, begin, …),
both also with special tokens ("around": what stands in front and behind, else both in full), and
what decoding the ids gives. What is there already, made by the same scripts from the same
tokenizer, is left alone.
"""

import argparse
import hashlib
import itertools
import json
import os
import pathlib
import random
import shutil
import sys

import sentencepiece
import tokenizers
import transformers

import golden_texts
import tokenizer_variants

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FETCHED = ("gpt2", "llama2", "llama3", "qwen3", "gemma3", "smollm2")


def digest(paths):
    whole = hashlib.sha256(" ".join(
        library.__version__ for library in (tokenizers, sentencepiece, transformers)).encode())
    for path in sorted(paths):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def byte_positions(text):
    """Byte position of each character, and of the end."""
    sizes = (1 if c < 0x80 else 2 if c < 0x800 else 3 if c < 0x10000 else 4 for c in map(ord, text))
    return list(itertools.accumulate(sizes, initial=0))


def flat_bytes(text, spans):
    positions = byte_positions(text)
    return [positions[at] for span in spans for at in span]


def with_special(row, ids, offsets):
    """Adds the encoding with special tokens to a row: shortly, if it only puts some around."""
    plain = row["ids"]
    for front in range(len(ids) - len(plain) + 1):
        back = len(ids) - len(plain) - front
        if ids[front:front + len(plain)] == plain and \
                offsets == [0, 0] * front + row["offsets"] + [0, 0] * back:
            return row | {"around": [ids[:front], ids[front + len(plain):]]}
    return row | {"special_ids": ids, "special_offsets": offsets}


def random_ids(ids, count):
    """Lists of ids that no text gives: what a model may emit."""
    source = random.Random(11)
    return [source.choices(ids, k=source.randint(1, 12)) for _ in range(count)]


def reads_beside(folder):
    """Whether transformers reads the tokenizer.json and what stands beside it: its other classes
    build their own tokenizer of the file's vocabulary, whatever else it says."""
    config = folder / "tokenizer_config.json"
    return config.exists() and \
        json.loads(config.read_text()).get("tokenizer_class") == "PreTrainedTokenizerFast"


def json_tokenizer(folder):
    if (folder / "tokenizer.json").exists() and not reads_beside(folder):
        reference = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    else:  # also vocab.json and merges.txt, for which a class of transformers knows the rest
        reference = transformers.AutoTokenizer.from_pretrained(folder).backend_tokenizer
    reference.no_truncation()
    reference.no_padding()
    added = [token.content for token in reference.get_added_tokens_decoder().values()]

    def rows(texts):
        plain = reference.encode_batch(texts, add_special_tokens=False)
        special = reference.encode_batch(texts, add_special_tokens=True)
        for text, a, b in zip(texts, plain, special):
            row = {"text": text, "ids": a.ids, "offsets": flat_bytes(text, a.offsets),
                   "decoded": reference.decode(a.ids, skip_special_tokens=False)}
            yield with_special(row, b.ids, flat_bytes(text, b.offsets))

    def decoded(ids):
        return reference.decode(ids, skip_special_tokens=False)

    ids = sorted(reference.get_vocab(with_added_tokens=True).values())
    return added, rows, decoded, ids


def untied(reference, texts):
    """The texts, without those that two cuts of the same score lead to: there versions of the library
    differ. Only unigram models score cuts; finding them out takes long for long texts."""
    try:
        reference.nbest_encode("a", nbest_size=2, return_type="proto")
    except RuntimeError:
        return texts
    kept = []
    for text in {text[:1000]: None for text in texts}:
        best = reference.nbest_encode(text, nbest_size=2, return_type="proto").nbests
        if len(best) < 2 or abs(best[0].score - best[1].score) > 1e-3:
            kept.append(text)
    return kept


def sentencepiece_tokenizer(folder):
    reference = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    config = json.loads((folder / "tokenizer_config.json").read_text()) \
        if (folder / "tokenizer_config.json").exists() else {}
    front = [reference.bos_id()] if config.get("add_bos_token", True) else []
    back = [reference.eos_id()] if config.get("add_eos_token", False) else []

    def rows(texts):
        for text in untied(reference, texts):
            pieces = reference.encode(text, return_type="proto").pieces
            ids = [piece.id for piece in pieces]
            offsets = [at for piece in pieces for at in (piece.begin, piece.end)]  # bytes already
            yield {"text": text, "ids": ids, "offsets": offsets, "around": [front, back],
                   "decoded": reference.decode(ids)}

    ids = [i for i in range(reference.get_piece_size()) if not reference.is_control(i)]
    return [], rows, reference.decode, ids


def write_golden(name, folder, out, full):
    sources = [folder / name for name in ("tokenizer.json", "tokenizer.model", "vocab.json",
                                          "merges.txt", "tokenizer_config.json", "config.json",
                                          "special_tokens_map.json", "added_tokens.json")]
    key = digest([path for path in sources if path.exists()] + sorted(HERE.glob("*.py")))
    target = out / name / "golden.jsonl"
    if target.exists():
        with target.open(encoding="utf-8") as file:
            if json.loads(file.readline()).get("key") == key:
                return False
    is_json = not (folder / "tokenizer.model").exists()
    added, rows, decoded, ids = (json_tokenizer if is_json else sentencepiece_tokenizer)(folder)
    texts = golden_texts.texts(added[:300], 1.0 if full else 0.12, 100_000 if full else 3_000)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(".part")
    with scratch.open("w", encoding="utf-8") as file:
        encoded = list(rows(texts))
        header = {"key": key, "texts": len(encoded),
                  "tokenizer": os.path.relpath(folder.resolve(), target.parent.resolve())}
        file.write(json.dumps(header) + "\n")
        for row in encoded:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        for some in random_ids(ids, 300 if full else 60):
            file.write(json.dumps({"decode": some, "decoded": decoded(some)}) + "\n")
    scratch.rename(target)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenizers", type=pathlib.Path, default=ROOT / "build/tokenizers")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/golden/tokenizers")
    parser.add_argument("--small-only", action="store_true", help="leave out the fetched ones")
    arguments = parser.parse_args()
    folders = {}
    for name in () if arguments.small_only else FETCHED:
        folders[name] = arguments.tokenizers / name
        if not (folders[name] / "tokenizer.json").exists():
            sys.exit(f"{folders[name]}: no tokenizer.json; run tests/golden/fetch_tokenizers.py first")
    for folder in sorted((HERE / "tokenizers").iterdir()):
        folders[f"small-{folder.name}"] = folder
    arguments.out.mkdir(parents=True, exist_ok=True)
    folders |= tokenizer_variants.write(HERE / "tokenizers", arguments.out / "variants")
    made = [name for name, folder in folders.items()
            if write_golden(name, folder, arguments.out, name in FETCHED)]
    for stale in arguments.out.iterdir():
        if stale.name != "variants" and stale.name not in folders and not arguments.small_only:
            shutil.rmtree(stale)
    if made:
        print(f"golden vectors: {len(made)} tokenizers written to {arguments.out}")


if __name__ == "__main__":
    main()
