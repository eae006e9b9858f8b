#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "harness/backend/tokenizer/load.h"
#include "harness/backend/tokenizer/utf8.h"
#include "tests/backend/tokenizer_support.h"

// Compares with what Hugging Face tokenizers and SentencePiece make of the same texts. The vectors
// are made before the tests (README.md of the tokenizer says how). Without the tokenizers that have
// to be fetched, the test fails; SOUVENIR_SMALL_TOKENIZERS_ONLY=1 makes do with the small ones.

namespace souvenir {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

const fs::path kGolden = fs::path(SOUVENIR_BINARY_DIR) / "../golden/tokenizers";
const fs::path kCommitted = fs::path(SOUVENIR_SOURCE_DIR) / "tests/golden/rank_tokenizers";
constexpr int kMostReports = 5;

std::vector<fs::path> golden_files(const fs::path& folder = kGolden) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (fs::exists(entry.path() / "golden.jsonl")) {
        files.push_back(entry.path() / "golden.jsonl");
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::size_t> flat(const Encoding& encoding) {
  std::vector<std::size_t> result;
  for (const ByteSpan& span : encoding.offsets) {
    result.push_back(span.begin);
    result.push_back(span.end);
  }
  return result;
}

// A kind as the list of supported ones names it: tiktoken files have names of their own.
std::string kind_in_list(const std::string& kind) {
  const std::size_t end = kind.find(".tiktoken");
  return end == std::string::npos ? kind : "*" + kind.substr(end);
}

// Compares one tokenizer with its vectors, and keeps count.
class Comparison {
 public:
  explicit Comparison(const fs::path& file) : in_(file) {
    std::string line;
    std::getline(in_, line);
    const Json header = Json::parse(line);
    expected_texts_ = header.at("texts").get<int>();
    tokenizer_ = load_tokenizer(file.parent_path() / header.at("tokenizer").get<std::string>());
    while (std::getline(in_, line)) {
      ++line_;
      const Json row = Json::parse(line);
      if (row.contains("decode")) {
        check_decoding(row.at("decode").get<std::vector<TokenId>>(), row);
      } else {
        check_text(row);
      }
    }
  }

  std::string kind() const { return kind_in_list(tokenizer_->info().kind); }
  int texts() const { return texts_; }
  int expected_texts() const { return expected_texts_; }
  int differences() const { return differences_; }

 private:
  void differ(const std::string& what) {
    if (++differences_ <= kMostReports) {
      UNSCOPED_INFO("line " << line_ + 1 << ": " << what);
    }
  }

  void check_text(const Json& row) {
    ++texts_;
    const auto text = row.at("text").get<std::string>();
    const auto ids = row.at("ids").get<std::vector<TokenId>>();
    const auto offsets = row.at("offsets").get<std::vector<std::size_t>>();
    const Encoding plain = tokenizer_->encode(text, false);
    compare("plain", plain, ids, offsets);
    check_ends(text, plain);
    const Encoding special = tokenizer_->encode(text, true);
    if (row.contains("around")) {
      auto all = row.at("around").at(0).get<std::vector<TokenId>>();
      const auto back = row.at("around").at(1).get<std::vector<TokenId>>();
      std::vector<std::size_t> spans(2 * all.size(), 0);
      all.insert(all.end(), ids.begin(), ids.end());
      all.insert(all.end(), back.begin(), back.end());
      spans.insert(spans.end(), offsets.begin(), offsets.end());
      spans.resize(spans.size() + 2 * back.size(), 0);
      compare("with special tokens", special, all, spans);
    } else {
      compare("with special tokens", special, row.at("special_ids").get<std::vector<TokenId>>(),
              row.at("special_offsets").get<std::vector<std::size_t>>());
    }
    const auto& front = tokenizer_->info().prepended_ids;
    if (special.ids.size() < front.size() ||
        !std::equal(front.begin(), front.end(), special.ids.begin())) {
      differ("does not begin with the prepended ids");
    }
    check_decoding(plain.ids, row);
  }

  void compare(const std::string& which, const Encoding& found, const std::vector<TokenId>& ids,
               const std::vector<std::size_t>& offsets) {
    if (found.ids != ids) {
      differ(which + ": ids differ from token " + first_difference(found.ids, ids));
    } else if (flat(found) != offsets) {
      differ(which + ": offsets differ from place " + first_difference(flat(found), offsets));
    }
    if (found.offsets.size() != found.ids.size() || found.ends.size() != found.ids.size()) {
      differ(which + ": not as many offsets or ends as ids");
    }
  }

  template <typename T>
  static std::string first_difference(const std::vector<T>& a, const std::vector<T>& b) {
    const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    std::string text = std::to_string(at - a.begin());
    text += at == a.end() ? ": end" : ": " + std::to_string(*at);
    return text + (other == b.end() ? " for end" : " for " + std::to_string(*other));
  }

  void check_ends(const std::string& text, const Encoding& plain) {
    for (std::size_t i = 0; i < plain.ids.size(); ++i) {
      if (plain.ends[i] < plain.offsets[i].end || plain.ends[i] > text.size() ||
          (i > 0 && plain.ends[i] < plain.ends[i - 1])) {
        differ("end of token " + std::to_string(i) + " before its offset or the last end");
        return;
      }
    }
  }

  // The reference puts U+FFFD in the place of invalid bytes, so only valid text can be compared.
  void check_decoding(const std::vector<TokenId>& ids, const Json& row) {
    const std::string decoded = tokenizer_->decode(ids);
    if (!tokenizing::first_invalid_utf8(decoded) &&
        decoded != row.at("decoded").get<std::string>()) {
      differ("decodes to something else");
    }
  }

  std::ifstream in_;
  std::unique_ptr<Tokenizer> tokenizer_;
  int line_ = 0;
  int texts_ = 0;
  int expected_texts_ = 0;
  int differences_ = 0;
};

}  // namespace

TEST_CASE("the tokenizers that have to be fetched are there", "[tokenizer][golden]") {
  const char* small_only = std::getenv("SOUVENIR_SMALL_TOKENIZERS_ONLY");
  INFO("make them: tests/golden/fetch_tokenizers.py, then tests/golden/make_tokenizer_golden.py");
  for (const char* name : {"gpt2", "llama2", "llama3", "qwen3", "gemma3", "smollm2"}) {
    CAPTURE(name);
    CHECK((small_only != nullptr || fs::exists(kGolden / name / "golden.jsonl")));
  }
  CHECK(golden_files().size() >= 50);
}

// Committed with their tokenizers: tests/golden/make_rank_golden.py needs libraries of its own.
TEST_CASE("tokens merged by rank are those of tiktoken and mistral-common", "[tokenizer][golden]") {
  CHECK(golden_files(kCommitted).size() == 4);
  for (const fs::path& file : golden_files(kCommitted)) {
    DYNAMIC_SECTION(file.parent_path().filename().string()) {
      const Comparison comparison(file);
      CHECK(comparison.differences() == 0);
      CHECK(comparison.texts() == comparison.expected_texts());
      CHECK(comparison.texts() >= 160);
      CHECK_THAT(supported_tokenizers(), Catch::VectorContains(comparison.kind()));
    }
  }
}

TEST_CASE("a kind is listed only where golden texts stand behind it", "[tokenizer][golden]") {
  std::set<std::string> proven;
  for (const fs::path& folder : {kGolden, kCommitted}) {
    for (const fs::path& file : golden_files(folder)) {
      std::ifstream in(file);
      std::string line;
      std::getline(in, line);
      const fs::path tokenizer =
          file.parent_path() / Json::parse(line).at("tokenizer").get<std::string>();
      // Those that are fetched are of the same kinds, and large.
      if (fs::exists(tokenizer / "tokenizer.json") &&
          fs::file_size(tokenizer / "tokenizer.json") > (1U << 20U)) {
        continue;
      }
      proven.insert(kind_in_list(load_tokenizer(tokenizer)->info().kind));
    }
  }
  for (const std::string& kind : supported_tokenizers()) {
    CAPTURE(kind);
    CHECK((kind.starts_with("GGUF ") || proven.count(kind) == 1));  // tokenizer_gguf_test.cpp
  }
}

TEST_CASE("tokens and offsets are those of the reference libraries", "[tokenizer][golden]") {
  for (const fs::path& file : golden_files()) {
    const std::string name = file.parent_path().filename().string();
    DYNAMIC_SECTION(name) {
      const Comparison comparison(file);
      CHECK(comparison.differences() == 0);  // first: it shows what the comparison had to say
      CHECK(comparison.texts() == comparison.expected_texts());
      CHECK(comparison.texts() >= 300);
      CHECK_THAT(supported_tokenizers(), Catch::VectorContains(comparison.kind()));
    }
  }
}

}  // namespace souvenir
