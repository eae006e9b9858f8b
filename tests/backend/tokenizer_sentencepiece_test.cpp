#include <catch2/catch.hpp>
#include <string>

#include "harness/error.h"
#include "tests/backend/tokenizer_support.h"

namespace souvenir {
namespace {

using Ids = std::vector<TokenId>;

// The small byte-pair model of 900 pieces with a tokenizer_config.json.
std::unique_ptr<Tokenizer> with_config(const std::string& config) {
  const ScratchDirectory directory;
  directory.write("tokenizer.model",
                  read_bytes(small_tokenizer("sentencepiece-bpe") / "tokenizer.model"));
  directory.write("tokenizer_config.json", config);
  return load_tokenizer(directory.path());
}

const std::string kChat = R"({"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
  "added_tokens_decoder": {
    "2": {"content": "</s>", "special": true, "normalized": false},
    "900": {"content": "<|user|>", "rstrip": true, "special": true, "normalized": false}})";

Ids ids_of(const Tokenizer& tokenizer, const std::string& text) {
  return tokenizer.encode(text, false).ids;
}

Ids joined(std::initializer_list<Ids> parts) {
  Ids all;
  for (const Ids& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

TEST_CASE("add_bos_token decides what a tokenizer.model puts in front",
          "[tokenizer][sentencepiece]") {
  CHECK(with_config("{}")->info().prepended_ids == Ids{1});
  CHECK(with_config(R"({"add_bos_token": true})")->info().prepended_ids == Ids{1});
  CHECK(with_config(R"({"add_bos_token": false})")->info().prepended_ids.empty());
  const auto both = with_config(R"({"add_eos_token": true})");
  CHECK(both->info().prepended_ids == Ids{1});
  const Encoding encoding = both->encode("the", true);
  CHECK(encoding.ids.front() == 1);
  CHECK(encoding.ids.back() == 2);
  CHECK(encoding.ends.back() == 3);
  CHECK(both->info().bos_id == 1);
  CHECK(both->info().eos_id == 2);
}

// What transformers 5.23 makes of the same files, by LlamaTokenizer.
TEST_CASE("added tokens are recognised beside a tokenizer.model", "[tokenizer][sentencepiece]") {
  const auto tokenizer = with_config(kChat + "}");
  const auto plain = with_config("{}");
  CHECK(tokenizer->info().vocabulary == 901);
  const Ids a = ids_of(*plain, "a");
  const Encoding encoding = tokenizer->encode("a<|user|>  b</s>c", false);
  REQUIRE(encoding.ids.size() == a.size() + 4);
  CHECK(encoding.ids[a.size()] == 900);
  CHECK(encoding.ids[a.size() + 2] == 2);
  CHECK(encoding.offsets[a.size()] == ByteSpan{1, 11});
  CHECK(encoding.offsets.back() == ByteSpan{16, 17});
  CHECK(tokenizer->decode(encoding.ids) == "a<|user|>b</s>c");
  CHECK(ids_of(*tokenizer, "<s>") == Ids{1});  // named in the file, though not listed there
  CHECK(ids_of(*plain, "<s>") != Ids{1});
  CHECK(tokenizer->count_special("<s><|user|> x </s>") == 3);
}

TEST_CASE("the start is marked behind added tokens only if legacy", "[tokenizer][sentencepiece]") {
  const auto plain = with_config("{}");
  const Ids marked = ids_of(*plain, "word");
  CHECK(ids_of(*with_config(kChat + ", \"legacy\": true}"), "</s>word") == joined({{2}, marked}));
  const Ids unmarked = ids_of(*with_config(kChat + ", \"legacy\": false}"), "</s>word");
  CHECK(unmarked != joined({{2}, marked}));
  CHECK(ids_of(*with_config(kChat + ", \"legacy\": false}"), "</s> word") == joined({{2}, marked}));
}

TEST_CASE("added tokens that contradict a tokenizer.model are refused",
          "[tokenizer][sentencepiece]") {
  CHECK_THROWS_WITH(with_config(R"({"added_tokens_decoder": {"3": {"content": "</s>"}}})"),
                    Catch::Contains("the model has it as id 2"));
  CHECK_THROWS_WITH(with_config(R"({"added_tokens_decoder": {"5": {"content": "<new>"}}})"),
                    Catch::Contains("the model has another token there"));
}

TEST_CASE("SentencePiece takes texts with NUL bytes and keeps bytes",
          "[tokenizer][sentencepiece]") {
  const auto tokenizer = with_config("{}");
  const std::string text("a\0b\0", 4);
  const Encoding encoding = tokenizer->encode(text, false);
  CHECK(encoding.ends.back() == 4);
  CHECK(tokenizer->decode(encoding.ids) == text);
  const Encoding tibetan = tokenizer->encode("ཀ", false);
  REQUIRE(tibetan.ids.size() == 4);
  CHECK(tokenizer->decode(Ids{tibetan.ids[1], tibetan.ids[3]}) == "\xE0\x80");
  CHECK(tokenizer->info().kind == "sentencepiece BPE");
  CHECK(load_tokenizer(small_tokenizer("sentencepiece-unigram"))->info().kind ==
        "sentencepiece unigram");
}

}  // namespace souvenir
