#include "harness/written_text.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "harness/error.h"

namespace souvenir {

namespace {

// Returns nothing where an id is no token's.
std::optional<std::string> decode_all(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  try {
    return tokenizer.decode(ids);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) {
      throw;
    }
    return std::nullopt;
  }
}

}  // namespace

std::string decode_written(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  if (auto text = decode_all(tokenizer, ids)) {
    return *std::move(text);
  }
  std::vector<TokenId> known;
  for (const TokenId id : ids) {
    if (decode_all(tokenizer, std::array<TokenId, 1>{id})) {
      known.push_back(id);
    }
  }
  return tokenizer.decode(known);
}

}  // namespace souvenir
