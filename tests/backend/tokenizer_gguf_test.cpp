// The tokenizer inside a GGUF file gives the tokens of the tokenizer.json it was made from. The
// files are made here, as llama.cpp's conversion makes them, of tokenizers and vectors that have to
// be fetched (README.md of the tokenizer); SOUVENIR_SMALL_TOKENIZERS_ONLY=1 leaves them out.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/backend/tokenizer/gguf_tokenizer.h"
#include "harness/backend/tokenizer/load.h"
#include "tests/backend/tokenizer_support.h"
#include "tests/support/gguf_file.h"
#include "tests/support/tiny_checkpoint.h"

namespace souvenir {
namespace {

using Catch::Contains;
using Json = nlohmann::json;
using test::GgufBytes;
namespace fs = std::filesystem;

const fs::path kGoldenTexts = fs::path(SOUVENIR_BINARY_DIR) / "../golden/tokenizers";

struct Kind {
  const char* name;   // of the tokenizer
  const char* model;  // tokenizer.ggml.model
  const char* pre;
  bool bos;
  bool prefix;
};

// What GGUF has of a tokenizer, by id.
struct Lists {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
  std::vector<float> scores;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

Lists lists_of(const Json& tokenizer, bool sentencepiece) {
  Lists lists;
  const auto put = [&](std::size_t id, const std::string& text, std::int32_t type) {
    for (std::size_t i = lists.texts.size(); i <= id; ++i) {
      lists.texts.push_back("[PAD" + std::to_string(i) + "]");
      lists.types.push_back(5);
    }
    lists.texts[id] = text;
    lists.types[id] = type;
  };
  for (const auto& [text, id] : tokenizer.at("model").at("vocab").items()) {
    const bool byte = sentencepiece && text.size() == 6 && text.starts_with("<0x");
    put(id, text, byte ? 6 : 1);
  }
  for (const Json& token : tokenizer.at("added_tokens")) {
    const auto text = token.at("content").get<std::string>();
    const std::int32_t type = text == "<unk>" ? 2 : token.at("special") ? 3 : 4;
    put(token.at("id"), type == 4 ? replaced(text, "\xE2\x96\x81", " ") : text, type);
  }
  // Pieces are in the order of their ranks, but for runs of marks, which come last if not the
  // user's.
  float rank = 0;
  for (std::size_t id = 0; id < lists.texts.size(); ++id) {
    const bool marks =
        lists.texts[id].size() > 3 && replaced(lists.texts[id], "\xE2\x96\x81", "").empty();
    lists.scores.push_back(lists.types[id] != 1 ? -1000.0F : marks ? -1e9F : rank);
    rank -= lists.types[id] == 1 && !marks ? 1.0F : 0.0F;
  }
  return lists;
}

std::string gguf_of(const Json& tokenizer, const Kind& kind) {
  const bool sentencepiece = std::string(kind.model) == "llama";
  const Lists lists = lists_of(tokenizer, sentencepiece);
  GgufBytes bytes;
  bytes.text("general.architecture", "llama").text("tokenizer.ggml.model", kind.model);
  bytes.text("tokenizer.ggml.pre", kind.pre).texts("tokenizer.ggml.tokens", lists.texts);
  bytes.numbers("tokenizer.ggml.token_type", 5, lists.types);
  bytes.number("tokenizer.ggml.add_bos_token", 7, static_cast<std::uint8_t>(kind.bos));
  const auto id_of = [&](const std::string& text) {
    const auto at = std::find(lists.texts.begin(), lists.texts.end(), text);
    return static_cast<std::uint32_t>(at - lists.texts.begin());
  };
  if (kind.bos) {
    const std::string bos = std::string(kind.name) == "gemma3" ? "<bos>" : "<s>";
    bytes.number("tokenizer.ggml.bos_token_id", 4, id_of(bos));
  }
  if (sentencepiece) {
    bytes.numbers("tokenizer.ggml.scores", 6, lists.scores);
    bytes.number("tokenizer.ggml.add_space_prefix", 7, static_cast<std::uint8_t>(kind.prefix));
    return bytes.file(0);
  }
  std::vector<std::string> merges;
  for (const Json& merge : tokenizer.at("model").at("merges")) {
    merges.push_back(merge.is_string()
                         ? merge.get<std::string>()
                         : merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>());
  }
  return bytes.texts("tokenizer.ggml.merges", merges).file(0);
}

const std::vector<Kind> kKinds = {
    {"gpt2", "gpt2", "gpt-2", false, false},       {"smollm2", "gpt2", "smollm", false, false},
    {"llama3", "gpt2", "llama-bpe", false, false}, {"qwen3", "gpt2", "qwen2", false, false},
    {"llama2", "llama", "default", true, true},    {"gemma3", "llama", "default", true, false}};

std::string listed_as(const Kind& kind) {
  return std::string(kind.model) == "gpt2" ? std::string("GGUF byte-level BPE, ") + kind.pre
                                           : "GGUF SentencePiece BPE";
}

TEST_CASE("a kind in GGUF files is listed only where golden texts stand behind it",
          "[tokenizer][gguf]") {
  std::set<std::string> proven;
  for (const Kind& kind : kKinds) proven.insert(listed_as(kind));
  for (const std::string& kind : supported_tokenizers()) {
    CAPTURE(kind);
    CHECK((!kind.starts_with("GGUF ") || proven.erase(kind) == 1));
  }
  CHECK(proven.empty());
}

TEST_CASE("a GGUF file's tokens are those of the tokenizer it was made from", "[tokenizer][gguf]") {
  if (std::getenv("SOUVENIR_SMALL_TOKENIZERS_ONLY") != nullptr) {
    return;
  }
  const Kind kind = GENERATE(from_range(kKinds));
  CAPTURE(kind.name);
  std::ifstream golden(kGoldenTexts / kind.name / "golden.jsonl");
  std::string line;
  REQUIRE(std::getline(golden, line));
  const fs::path source =
      kGoldenTexts / kind.name / Json::parse(line).at("tokenizer").get<std::string>();
  const test::ScratchDirectory scratch;
  test::write_bytes(scratch / "model.gguf",
                    gguf_of(Json::parse(test::read_bytes(source / "tokenizer.json")), kind));
  const auto tokenizer = load_tokenizer(scratch / "model.gguf");
  CHECK(tokenizer->info().kind == listed_as(kind));
  int texts = 0, differences = 0;
  while (std::getline(golden, line)) {
    const Json row = Json::parse(line);
    if (!row.contains("text")) {
      continue;
    }
    ++texts;
    const auto text = row.at("text").get<std::string>();
    const auto ids = row.at("ids").get<std::vector<TokenId>>();
    bool same = tokenizer->encode(text, false).ids == ids;
    if (row.contains("around")) {
      auto all = row.at("around").at(0).get<std::vector<TokenId>>();
      const auto back = row.at("around").at(1).get<std::vector<TokenId>>();
      all.insert(all.end(), ids.begin(), ids.end());
      all.insert(all.end(), back.begin(), back.end());
      same = same && tokenizer->encode(text, true).ids == all;
    }
    if (!same && ++differences <= 5) {
      UNSCOPED_INFO("text " << texts << ": " << row.dump());
    }
  }
  CHECK(texts > 1000);
  CHECK(differences == 0);
}

// Expected: transformers 5.23, convert_slow_tokenizer.generate_merges.
TEST_CASE("merges of scored pieces are those the reference library derives", "[tokenizer][gguf]") {
  const std::string m = "\xE2\x96\x81", e = "\xC3\xA9";
  const std::vector<tokenizing::ScoredPiece> pieces = {
      {"<unk>", 0}, {"<s>", 0},        {"</s>", 0}, {m + m, -1e9},  {m + "t", 0},
      {"er", -1},   {m + "the", -2},   {"he", -3},  {m + "th", -4}, {m + m + m + m, -1e9},
      {"ere", -5},  {m, -6},           {"t", -7},   {"h", -8},      {"e", -9},
      {"r", -10},   {m + m + m, -1e9}, {e, -11},    {e + e, -12},   {"t" + e + "r", -13},
      {"", 0}};
  const std::vector<std::array<std::string, 2>> expected = {
      {m, "t"},       {"e", "r"},     {m + "th", "e"}, {m + "t", "he"}, {"h", "e"},
      {m + "t", "h"}, {"er", "e"},    {e, e},          {m + m + m, m},  {m + m, m + m},
      {m + m, m},     {m, m + m + m}, {m, m + m},      {m, m}};
  const auto merges = tokenizing::sentencepiece_merges(pieces);
  REQUIRE(merges.size() == expected.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    CAPTURE(i);
    CHECK(merges[i][0] == expected[i][0]);
    CHECK(merges[i][1] == expected[i][1]);
  }
}

// A byte-level tokenizer of two tokens and one that they make, with one thing wrong.
GgufBytes byte_level(const char* model = "gpt2", const char* pre = "gpt-2") {
  return GgufBytes()
      .text("tokenizer.ggml.model", model)
      .text("tokenizer.ggml.pre", pre)
      .texts("tokenizer.ggml.merges", {"a b"});
}

GgufBytes sentencepiece(const std::vector<float>& scores) {
  return GgufBytes()
      .text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "a", "b", "ab"})
      .numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2, 3, 1, 1, 1})
      .number("tokenizer.ggml.bos_token_id", 4, 1U)
      .numbers("tokenizer.ggml.scores", 6, scores);
}

std::unique_ptr<Tokenizer> load(const GgufBytes& bytes) {
  const test::ScratchDirectory scratch;
  test::write_bytes(scratch / "model.gguf", bytes.file(0));
  return load_tokenizer(scratch / "model.gguf");
}

TEST_CASE("a small tokenizer in a GGUF file is read", "[tokenizer][gguf]") {
  const auto tokenizer = load(sentencepiece({0, 0, -1, -2, 0})
                                  .number("tokenizer.ggml.add_space_prefix", 7, std::uint8_t{0}));
  CHECK(tokenizer->encode("abba<s>", true).ids == std::vector<TokenId>{1, 4, 3, 2, 1});
  CHECK(tokenizer->decode(std::vector<TokenId>{4, 1}) == "ab<s>");
  CHECK(tokenizer->info().bos_id == 1);
  CHECK_FALSE(tokenizer->info().eos_id);
  CHECK(tokenizer->info().prepended_ids == std::vector<TokenId>{1});
  CHECK(tokenizer->count_special("a<s>b") == 1);
  CHECK(tokenizer->info().files.empty());  // digested where the weights are read
}

// Expected: the library `tokenizers` with the pattern of each, by hand for so short a text.
TEST_CASE("each kind of byte-level tokenizer cuts texts in its own way", "[tokenizer][gguf]") {
  const auto [pre, expected] = GENERATE(table<std::string, std::string>({
      {"gpt-2", "aB 's Ġ 12 12 / Ċ"},
      {"llama-bpe", "aB 's Ġ 121 2 /Ċ"},
      {"dbrx", "aB 's Ġ 121 2 /Ċ"},
      {"qwen2", "aB 's Ġ 1 2 1 2 /Ċ"},
      {"deepseek-r1-qwen", "aB 's Ġ 1 2 1 2 /Ċ"},
      {"smollm", "aB 's Ġ 1 2 1 2 / Ċ"},
      {"refact", "aB 's Ġ 1 2 1 2 / Ċ"},
      {"starcoder", "aB 's Ġ 1 2 1 2 / Ċ"},
      {"gpt-4o", "a B's Ġ 121 2 /Ċ"},
      {"tekken", "a B 's Ġ 1 2 1 2 /Ċ"},
  }));
  CAPTURE(pre);
  const std::vector<std::string> texts = {"a", "B",  "'",  "s",   "1",  "2",   "/",  "Ġ",
                                          "Ċ", "aB", "'s", "B's", "12", "121", "/Ċ", "Ġ121"};
  const auto tokenizer = load(
      GgufBytes()
          .text("tokenizer.ggml.model", "gpt2")
          .text("tokenizer.ggml.pre", pre)
          .texts("tokenizer.ggml.tokens", texts)
          .number("tokenizer.ggml.bos_token_id", 4, 0U)
          .texts("tokenizer.ggml.merges", {"a B", "' s", "B 's", "1 2", "12 1", "/ Ċ", "Ġ 121"}));
  std::string found;
  for (const TokenId id : tokenizer->encode("aB's 1212/\n", false).ids) {
    found += (found.empty() ? "" : " ") + texts[static_cast<std::size_t>(id)];
  }
  CHECK(found == expected);
  const bool adds_bos = pre == "llama-bpe" || pre == "tekken";
  CHECK(tokenizer->info().prepended_ids.size() == (adds_bos ? 1U : 0U));
}

TEST_CASE("a tokenizer in a GGUF file is refused by name", "[tokenizer][gguf]") {
  const auto tokens = [](GgufBytes bytes, const std::vector<std::string>& texts) {
    return bytes.texts("tokenizer.ggml.tokens", texts);
  };
  const std::vector<std::string> good = {"a", "b", "ab"};
  const auto [bytes, message] = GENERATE_COPY(table<GgufBytes, std::string>({
      {GgufBytes(), "\"tokenizer.ggml.model\": \"\" is not supported; supported: gpt2"},
      {tokens(byte_level("t5"), good), "\"t5\" is not supported"},
      {tokens(byte_level("bert"), good), "\"bert\" is not supported"},
      {tokens(byte_level("gpt2", "pixtral"), good),
       "\"tokenizer.ggml.pre\": \"pixtral\" is not supported; supported: gpt-2, llama-bpe"},
      {tokens(byte_level("gpt2", ""), good), "\"tokenizer.ggml.pre\": \"\" is not supported"},
      {byte_level(), "\"tokenizer.ggml.tokens\": expected 1 to"},
      {tokens(byte_level(), {"a", "b", "a"}), "tokens 0 and 2 are the same"},
      {tokens(byte_level(), {"a", "\xFF", "ab"}), "token 1 is not valid UTF-8"},
      {tokens(byte_level(), {"a", "", "ab"}), "token 1 is empty"},
      {tokens(byte_level(), {"a", "b"}), "its tokenizer, as a tokenizer.json: "},
      {tokens(byte_level(), good).numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {1, 1}),
       "expected one for each of 3 tokens, found 2"},
      {tokens(byte_level(), good).numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {1, 1, 9}),
       "a list of numbers from 1.0 to 6.0"},
      {tokens(byte_level(), good).number("tokenizer.ggml.add_bos_token", 7, std::uint8_t{1}),
       "\"tokenizer.ggml.bos_token_id\": missing"},
      {tokens(byte_level(), good).number("tokenizer.ggml.eos_token_id", 4, 3U),
       "\"tokenizer.ggml.eos_token_id\": expected an integer from 0 to 2, found 3"},
      {tokens(byte_level(), good).number("tokenizer.ggml.add_space_prefix", 7, std::uint8_t{1}),
       "\"tokenizer.ggml.add_space_prefix\": true is not supported"},
      {sentencepiece({0, 0, -1, -2}), "\"tokenizer.ggml.scores\": expected one for each of 5"},
      {sentencepiece({0, 0, -1.5F, -2, -3}), "probabilities (unigram) are not supported"},
      {sentencepiece({0, 0, -1, -1, -1}), "the order of merges is not in this file"},
  }));
  CAPTURE(message);
  const test::Failure failure = test::failure_of([&] { load(bytes); });
  CHECK(failure.kind == ErrorKind::input);
  CHECK_THAT(failure.message, Contains(message));
  CHECK_THAT(failure.message, Contains("model.gguf"));
}

}  // namespace
}  // namespace souvenir
