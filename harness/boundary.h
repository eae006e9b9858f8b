#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/sensitive.h"
#include "harness/language_model.h"
#include "harness/suite.h"
#include "harness/tokenizer.h"

namespace souvenir {

// A string, tokenised and cut into what is given and what is scored.
//
//   straddles  the first scored token begins inside the prefix's bytes
//   specials   special tokens spelled out in the text
struct CutString {
  ScoreRequest request;
  bool straddles = false;
  std::int64_t specials = 0;
};

// What the BOS rule puts in front of a text, and the rule in words for the evidence.
struct BosDecision {
  std::vector<TokenId> ids;
  std::string words;
};

// Errors  usage: `always` with a tokenizer that has no beginning-of-sequence token
BosDecision decide_bos(const Tokenizer& tokenizer, BosRule rule);

// Tokenises prefix and text together and cuts: the text starts at the first token whose untrimmed
// end lies beyond the prefix's bytes. A text without any context is conditioned on the
// beginning-of-sequence token, else on the end-of-sequence token.
//
// Returns  nothing if there is no context and neither token exists, or no token at all
// Errors   input: not valid UTF-8
std::optional<CutString> cut_string(const Tokenizer& tokenizer, const BosDecision& bos,
                                    std::string_view prefix, std::string_view text);

// One window of a longer text, with the bytes its tokens stand for.
struct Window {
  CutString cut;
  Sensitive prefix;
  Sensitive secret;
};

// Cuts a text into windows of exactly prefix_tokens and secret_tokens, every `stride` tokens, each
// with the BOS decision in front. A text shorter than one window gives none.
std::vector<Window> cut_windows(const Tokenizer& tokenizer, const BosDecision& bos,
                                const Windows& windows, std::string_view text);

}  // namespace souvenir
