#!/usr/bin/env python3
"""Trains the small tokenizers in tests/golden/tokenizers, on invented text. Their files are committed;
run it again only to change them.

    python make_small_tokenizers.py [--out tests/golden/tokenizers]
"""

import argparse
import json
import pathlib
import tempfile

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, \
    processors, trainers

import golden_texts

HERE = pathlib.Path(__file__).resolve().parent
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def corpus():
    source = golden_texts.Source(2024)
    pools = (golden_texts.ENGLISH, golden_texts.FRENCH, golden_texts.GERMAN, golden_texts.RUSSIAN,
             golden_texts.VIETNAMESE, golden_texts.DIGITS, golden_texts.PUNCTUATION)
    return [source.prose(pool) for pool in pools for _ in range(200)] + \
        [source.code() for _ in range(200)] + [source.cjk() for _ in range(100)]


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=900, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<s>", "</s>", "<unk>"]))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 1), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    return tokenizer


def byte_level_partial():
    """Lacks bytes that no training text had: what has them is dropped."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus()[:300], trainers.BpeTrainer(
        vocab_size=400, show_progress=False, special_tokens=["<s>"]))
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer


def metaspace():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=1000, limit_alphabet=150, show_progress=False,
        special_tokens=["<unk>", "<s>", "</s>", *BYTES]))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(),
                                           decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    tree = json.loads(tokenizer.to_str())
    # Byte tokens are of the model only: spelled out in a text they are nothing special.
    tree["added_tokens"] = [t for t in tree["added_tokens"] if t["content"] not in BYTES]
    return tree


def affixes(**options):
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", **options))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=700, limit_alphabet=120, show_progress=False,
        special_tokens=["[UNK]", "[CLS]", "[SEP]"], **options))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    if "end_of_word_suffix" in options:
        tokenizer.decoder = decoders.BPEDecoder(suffix=options["end_of_word_suffix"])
    return tokenizer


def words():
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(corpus(), trainers.WordLevelTrainer(
        vocab_size=300, show_progress=False, special_tokens=["[UNK]"]))
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=700, show_progress=False, special_tokens=["<s>", "</s>", "<unk>", "<mask>"],
        unk_token="<unk>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    tree = json.loads(tokenizer.to_str())
    tree["added_tokens"][3]["lstrip"] = True
    return tree


# Replacements of every kind: longer, shorter, none, of several characters, of a letter with what
# follows; a letter that a longer string begins with.
RULES = (("a", "b"), ("ab", "xyz"), ("e", "ee"), ("t", ""), ("é", "e"), ("\u0301", ""), ("o\u0301", "ö"),
         ("\r", " "), ("\n", " "), ("ﬁ", "fi"), ("…", "..."), ("你", "nǐ"), ("ой", "й"), ("Ω", "ωω"),
         ("\u0600", "#"), ("😀", ":)"), ("\u00a0", " "), ("\u200b", ""), ("한", "한글"))


def train_with_rules(folder):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for before, now in RULES:
            file.write("\t".join(" ".join(f"{ord(c):X}" for c in text) for text in (before, now)) + "\n")
        file.flush()
        train_sentencepiece(folder, model_type="unigram", vocab_size=400, character_coverage=0.98,
                            normalization_rule_tsv=file.name)


def train_sentencepiece(folder, **options):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        prefix = pathlib.Path(scratch) / "m"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([line for text in corpus() for line in text.splitlines() if line]),
            model_prefix=str(prefix), num_threads=1, minloglevel=2, hard_vocab_limit=False, **options)
        (folder / "tokenizer.model").write_bytes(prefix.with_suffix(".model").read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "tokenizers")
    out = parser.parse_args().out
    trees = {"byte-level": byte_level(), "byte-level-partial": byte_level_partial(),
             "metaspace": metaspace(), "prefixed": affixes(continuing_subword_prefix="##"),
             "suffixed": affixes(end_of_word_suffix="</w>"), "words": words(),
             "unigram": unigram()}
    for name, tokenizer in trees.items():
        tree = tokenizer if isinstance(tokenizer, dict) else json.loads(tokenizer.to_str())
        (out / name).mkdir(parents=True, exist_ok=True)
        text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
        (out / name / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
    train_sentencepiece(out / "sentencepiece-bpe", model_type="bpe", vocab_size=900,
                        byte_fallback=True, split_digits=True, normalization_rule_name="identity",
                        remove_extra_whitespaces=False, character_coverage=0.98)
    train_sentencepiece(out / "sentencepiece-unigram", model_type="unigram", vocab_size=600,
                        character_coverage=0.98, user_defined_symbols=["<sep>", "<cls>"])
    train_sentencepiece(out / "sentencepiece-unigram-bytes", model_type="unigram", vocab_size=800,
                        byte_fallback=True, normalization_rule_name="identity",
                        add_dummy_prefix=False, remove_extra_whitespaces=False)
    train_with_rules(out / "sentencepiece-rules")
    (out / "sentencepiece-unigram/tokenizer_config.json").write_text(
        json.dumps({"add_bos_token": False, "add_eos_token": True}) + "\n")


if __name__ == "__main__":
    main()
