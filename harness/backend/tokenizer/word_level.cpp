#include "harness/backend/tokenizer/word_level.h"

#include "harness/backend/tokenizer/byte_level.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

void WordLevel::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  auto id = vocabulary_.find(piece);
  if (!id) {
    id = vocabulary_.find(unk_token_);
  }
  if (!id) {
    throw Error(ErrorKind::input,
                "tokenizer.json: unk_token is not in the vocabulary, and this text needs it");
  }
  out.push_back({*id, static_cast<std::uint32_t>(piece.size())});
}

void WordLevel::tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const {
  tokenize(spell_bytes(piece), out);
  out.back().size = static_cast<std::uint32_t>(piece.size());
}

}  // namespace souvenir::tokenizing
