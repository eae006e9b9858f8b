#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/model.h"

namespace souvenir::tokenizing {

// Looks whole pieces up. Immutable; const methods are safe from any thread.
class WordLevel final : public Model {
 public:
  WordLevel(Vocabulary vocabulary, std::string unk_token)
      : vocabulary_(std::move(vocabulary)), unk_token_(std::move(unk_token)) {}

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;
  void tokenize_bytes(std::string_view piece, std::vector<ModelToken>& out) const override;

 private:
  Vocabulary vocabulary_;
  std::string unk_token_;
};

}  // namespace souvenir::tokenizing
