#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "harness/backend/tokenizer/aligned_text.h"
#include "harness/backend/tokenizer/bpe.h"
#include "harness/backend/tokenizer/normal_form.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"
#include "tests/backend/tokenizer_support.h"

namespace souvenir {
namespace {

using tokenizing::ModelToken;

const std::vector<std::string> kSmall = {"byte-level",       "byte-level-partial", "metaspace",
                                         "prefixed",         "suffixed",           "words",
                                         "sentencepiece-bpe"};

std::string random_text(std::mt19937& random, std::size_t most) {
  std::string text;
  for (std::size_t left = random() % most; left > 0; --left) {
    auto c = static_cast<char32_t>(random() % (random() % 4 == 0 ? 0x110000 : 0x80));
    c = c >= 0xD800 && c <= 0xDFFF ? U'x' : c;
    tokenizing::append_utf8(text, c);
  }
  return text;
}

// Changes a few bytes: overwrites, cuts, doubles.
std::string mutated(std::string bytes, std::mt19937& random) {
  static const std::string kInteresting = "{}[]\",:0129-eE\\nulltrue\xFF\x80 ";
  for (unsigned i = random() % 4 + 1; i > 0 && !bytes.empty(); --i) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        bytes[at] = kInteresting[random() % kInteresting.size()];
        break;
      case 2:
        bytes.erase(at, random() % 40);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 60));
    }
  }
  return bytes;
}

// Loads and uses a tokenizer; whatever is wrong must come out as an Error.
void try_out(const std::string& bytes, std::mt19937& random) {
  try {
    const auto tokenizer = load_bytes(bytes);
    const Encoding encoding = tokenizer->encode(random_text(random, 60), true);
    tokenizer->decode(encoding.ids);
  } catch (const Error&) {
  }
}

}  // namespace

TEST_CASE("mutated tokenizer files give a tokenizer or an Error", "[tokenizer][fuzz]") {
  std::mt19937 random(20240229);
  std::vector<std::string> seeds = {tiny_tokenizer().dump()};
  for (const char* name : {"byte-level", "metaspace", "suffixed", "words"}) {
    nlohmann::json tree = small_tokenizer_json(name);
    // Without most of the vocabulary, so that changes hit the rest.
    auto& vocabulary = tree["model"]["vocab"];
    for (auto entry = vocabulary.begin(); entry != vocabulary.end();) {
      entry = entry->get<int>() > 300 ? vocabulary.erase(entry) : std::next(entry);
    }
    tree["model"].erase("merges");
    tree["model"]["merges"] = nlohmann::json::array();
    seeds.push_back(tree.dump());
  }
  for (int round = 0; round < 1500; ++round) {
    try_out(mutated(seeds[static_cast<std::size_t>(round) % seeds.size()], random), random);
  }
  for (int round = 0; round < 300; ++round) {
    std::string noise(random() % 200, '\0');
    for (char& byte : noise) {
      byte = static_cast<char>(random() % 256);
    }
    try_out(noise, random);
  }
  SUCCEED("nothing but Error came out");
}

TEST_CASE("tokenizer files with any field replaced give a tokenizer or an Error",
          "[tokenizer][fuzz]") {
  std::mt19937 random(42);
  const std::vector<nlohmann::json> values = {nullptr,
                                              true,
                                              -1,
                                              0,
                                              3,
                                              1e99,
                                              std::uint64_t(1) << 63,
                                              "",
                                              "x",
                                              "\u2581",
                                              "Sequence",
                                              "BPE",
                                              nlohmann::json::array(),
                                              nlohmann::json::array({1, "a"}),
                                              nlohmann::json::object()};
  for (const char* name : {"byte-level", "metaspace", "suffixed", "words"}) {
    nlohmann::json whole = small_tokenizer_json(name);
    nlohmann::json fields = whole;
    fields["model"].erase("vocab");
    fields["model"].erase("merges");
    const nlohmann::json flat = fields.flatten();
    for (const auto& [pointer, old] : flat.items()) {
      for (int i = 0; i < 4; ++i) {
        nlohmann::json tree = whole;
        auto at = nlohmann::json::json_pointer(pointer);
        for (auto up = random() % 3; up > 0 && !at.parent_pointer().empty(); --up) {
          at = at.parent_pointer();
        }
        tree[at] = values[random() % values.size()];
        try_out(tree.dump(), random);
      }
    }
  }
  SUCCEED("nothing but Error came out");
}

TEST_CASE("random bytes are encoded or refused, and decoding gives text back",
          "[tokenizer][fuzz]") {
  std::mt19937 random(7);
  const auto tokenizer = load_tokenizer(small_tokenizer("byte-level"));
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 30, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 128));
    }
    const auto invalid = tokenizing::first_invalid_utf8(bytes);
    if (invalid) {
      REQUIRE_THROWS_AS(tokenizer->encode(bytes, false), Error);
    } else {
      const std::string decoded = tokenizer->decode(tokenizer->encode(bytes, false).ids);
      const bool is_prefixed = !bytes.empty() && bytes[0] != ' ';
      REQUIRE(decoded == (is_prefixed ? " " : "") + bytes);
    }
  }
}

TEST_CASE("threads that share a tokenizer agree with one alone", "[tokenizer][threads]") {
  for (const std::string& name : kSmall) {
    CAPTURE(name);
    std::mt19937 random(99);
    std::vector<std::string> texts;
    for (int i = 0; i < 200; ++i) {
      texts.push_back(random_text(random, 200));
    }
    const auto alone = load_tokenizer(small_tokenizer(name));
    const auto shared = load_tokenizer(small_tokenizer(name));
    std::vector<std::vector<Encoding>> results(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < results.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < texts.size(); ++i) {
          results[t].push_back(shared->encode(texts[(i + 17 * t) % texts.size()], true));
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (std::size_t t = 0; t < results.size(); ++t) {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const Encoding expected = alone->encode(texts[(i + 17 * t) % texts.size()], true);
        REQUIRE(results[t][i].ids == expected.ids);
        REQUIRE(results[t][i].offsets == expected.offsets);
        REQUIRE(results[t][i].ends == expected.ends);
      }
    }
  }
}

// Merging one pair at a time, the best of all, wherever it is: what the encoding is defined as.
TEST_CASE("merging follows the definition, for short and for long pieces", "[tokenizer][bpe]") {
  std::mt19937 random(5);
  std::vector<std::string> tokens = {"a", "b", "c", "d"};
  std::vector<std::pair<std::string, std::string>> pairs;
  while (tokens.size() < 60) {
    const std::string left = tokens[random() % tokens.size()];
    const std::string right = tokens[random() % tokens.size()];
    if (std::find(tokens.begin(), tokens.end(), left + right) == tokens.end()) {
      tokens.push_back(left + right);
      pairs.emplace_back(left, right);
    }
  }
  tokenizing::Vocabulary vocabulary;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    vocabulary.add(tokens[id], static_cast<std::int64_t>(id));
  }
  std::vector<tokenizing::MergePair> merges;
  for (const auto& [left, right] : pairs) {
    merges.push_back({left, right});
  }
  const tokenizing::Bpe bpe(std::move(vocabulary), merges, {});
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::size_t left = 1 + random() % 120; left > 0; --left) {
      text += tokens[random() % 4];
    }
    std::vector<std::string> symbols;
    for (const char c : text) {
      symbols.emplace_back(1, c);
    }
    for (std::size_t rank = 0; rank < pairs.size(); ++rank) {
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
        if (symbols[i] == pairs[rank].first && symbols[i + 1] == pairs[rank].second) {
          symbols[i] += symbols[i + 1];
          symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
          rank = static_cast<std::size_t>(-1);  // begin again with the best rule
          break;
        }
      }
    }
    std::vector<ModelToken> found;
    bpe.tokenize(text, found);
    REQUIRE(found.size() == symbols.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      REQUIRE(tokens[static_cast<std::size_t>(found[i].id)] == symbols[i]);
    }
  }
}

TEST_CASE("long texts without a place to cut take near-linear time", "[tokenizer][bpe]") {
  const auto time_of = [](const Tokenizer& tokenizer, const std::string& text) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(tokenizer.encode(text, false).ends.back() == text.size());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (const char* name : {"byte-level", "metaspace", "suffixed"}) {
    CAPTURE(name);
    const auto tokenizer = load_tokenizer(small_tokenizer(name));
    std::string text;
    std::mt19937 random(1);
    while (text.size() < 1'000'000) {
      text += "etaoinshrdlu"[random() % 12];
    }
    // Quadratic merging would take minutes for this.
    CHECK(time_of(*tokenizer, text) < 20);
    CHECK(time_of(*tokenizer, std::string(1'000'000, 'a')) < 20);
  }
}

TEST_CASE("normal forms keep where characters come from", "[tokenizer][normal_form]") {
  using tokenizing::NormalForm;
  const auto [text, form, expected,
              begins] = GENERATE(table<std::string, NormalForm, std::string, std::vector<int>>({
      {"ae\u0301b", NormalForm::nfc, "aéb", {0, 1, 1, 4}},
      {"aéb", NormalForm::nfd, "ae\u0301b", {0, 1, 1, 1, 3}},
      {"ﬁx", NormalForm::nfkc, "fix", {0, 0, 3}},
      {"\u1100\u1161\u11A8", NormalForm::nfc, "각", {0, 0, 0}},
      {"\u1100\u1161\u11A7", NormalForm::nfc, "가\u11A7", {0, 0, 0, 6, 6, 6}},
      // Marks change places; the extents stay in the order of the text.
      {"a\u0315\u0300", NormalForm::nfd, "a\u0300\u0315", {0, 1, 1, 3, 3}},
      {"\u0958", NormalForm::nfc, "\u0915\u093C", {0, 0, 0, 0, 0, 0}},
      {"\U00011935\U00011930", NormalForm::nfc, "\U00011935\U00011930", {0, 0, 0, 0, 4, 4, 4, 4}},
  }));
  CAPTURE(text, expected);
  tokenizing::AlignedText aligned(text, 0, text.size());
  tokenizing::normalize(aligned, form);
  CHECK(aligned.text() == expected);
  std::vector<int> found;
  for (std::size_t i = 0; i < aligned.size(); ++i) {
    found.push_back(static_cast<int>(aligned.extent(i).begin));
  }
  CHECK(found == begins);
}

}  // namespace souvenir
