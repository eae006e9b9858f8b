#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/backend/tokenizer/load.h"
#include "harness/boundary.h"

namespace souvenir::cli {

// Loads the tokenizer of a model directory when the first row of text needs it: rows of ids need
// none. A directory without one makes every row of text an error, not the whole run.
class LazyTokenizer {
 public:
  LazyTokenizer(std::string directory, BosRule rule)
      : directory_(std::move(directory)), rule_(rule) {}

  // Errors  input: as load_tokenizer
  const Tokenizer& get() {
    if (!tokenizer_) {
      tokenizer_ = load_tokenizer(directory_);
    }
    return *tokenizer_;
  }

  const BosDecision& bos() {
    if (!bos_) {
      bos_ = decide_bos(get(), rule_);
    }
    return *bos_;
  }

 private:
  std::string directory_;
  BosRule rule_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<BosDecision> bos_;
};

}  // namespace souvenir::cli
