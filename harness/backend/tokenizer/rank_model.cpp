#include "harness/backend/tokenizer/rank_model.h"

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "harness/backend/tokenizer/bpe.h"
#include "harness/backend/tokenizer/byte_level.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

std::optional<RankedToken> read_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) {
    return std::nullopt;
  }
  auto bytes = from_base64(line.substr(0, space));
  const std::string_view digits = line.substr(space + 1);
  std::int64_t rank = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  if (!bytes || bytes->empty() || error != std::errc() || end != digits.data() + digits.size() ||
      rank < 0 || rank >= kMostIds) {
    return std::nullopt;
  }
  return RankedToken{*std::move(bytes), rank};
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

// Every pair of tokens that makes a token, with that one's rank. Borrows the spellings.
std::vector<MergePair> pairs_of(const std::vector<std::string>& spellings,
                                const std::vector<RankedToken>& tokens,
                                const Vocabulary& vocabulary) {
  std::vector<MergePair> pairs;
  for (std::size_t i = 0; i < spellings.size(); ++i) {
    const std::string_view whole = spellings[i];
    for (std::size_t cut = character_end(whole, 1); cut < whole.size();
         cut = character_end(whole, cut + 1)) {
      if (vocabulary.find(whole.substr(0, cut)) && vocabulary.find(whole.substr(cut))) {
        pairs.push_back(
            {whole.substr(0, cut), whole.substr(cut), static_cast<std::uint32_t>(tokens[i].rank)});
      }
    }
  }
  return pairs;
}

}  // namespace

bool is_tiktoken(std::string_view file) {
  std::string_view rest = file.substr(0, 4096);
  return read_line(take_line(rest)).has_value();
}

std::vector<RankedToken> read_tiktoken(std::string_view file, const std::string& name) {
  std::vector<RankedToken> tokens;
  std::string_view rest = file;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    if (line.empty()) {
      continue;
    }
    auto token = read_line(line);
    if (!token) {
      throw Error(ErrorKind::input, name + ": line " + std::to_string(number) +
                                        ": expected a token in base64 and its rank");
    }
    tokens.push_back(*std::move(token));
  }
  return tokens;
}

NamedModel make_rank_model(const std::vector<RankedToken>& tokens, std::int64_t first_id,
                           const std::string& name) {
  Vocabulary vocabulary;
  std::vector<std::string> spellings;
  spellings.reserve(tokens.size());
  try {
    for (const RankedToken& token : tokens) {
      spellings.push_back(spell_bytes(token.bytes));
      vocabulary.add(spellings.back(), first_id + token.rank);
    }
  } catch (const Error& error) {
    throw Error(error.kind(), name + ": " + error.what());
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (!vocabulary.find(spell_bytes(std::string(1, static_cast<char>(byte))))) {
      throw Error(ErrorKind::input, name + ": byte " + std::to_string(byte) +
                                        ": expected a token for each byte, found none");
    }
  }
  BpeOptions options;
  options.ignore_merges = true;
  const std::vector<MergePair> pairs = pairs_of(spellings, tokens, vocabulary);
  return {std::make_unique<Bpe>(std::move(vocabulary), pairs, options), "BPE by rank"};
}

}  // namespace souvenir::tokenizing
