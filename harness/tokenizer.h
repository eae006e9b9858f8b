#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/types.h"

namespace souvenir {

// Token ids with the bytes each stands for.
//
//   ids      token ids
//   offsets  [ids] as the reference library reports them: where its post-processor trims
//            white space from offsets, so does this
//   ends     [ids] end of each token in the text, untrimmed: what a prefix is cut by
//
// Tokens put there by the post-processor have the empty span {0, 0} and end 0 when in front.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<ByteSpan> offsets;
  std::vector<std::size_t> ends;
};

// What a tokenizer says about itself.
//
//   kind              e.g. "tokenizer.json BPE", "sentencepiece unigram"
//   vocabulary        one more than its largest id
//   base_vocabulary   the same without the tokens that stand beside its model (added tokens)
//   prepended_ids     what its own post-processor puts in front of a text
//   prepended_source  which file and field decided that
struct TokenizerInfo {
  std::string kind;
  std::int64_t vocabulary = 0;
  std::int64_t base_vocabulary = 0;
  std::optional<TokenId> bos_id;
  std::optional<TokenId> eos_id;
  std::vector<TokenId> prepended_ids;
  std::string prepended_source;
  std::string unicode_version;
  std::vector<FileDigest> files;
};

// Turns text into token ids and back. Immutable; const methods are safe from any thread.
// Special tokens spelled out in the text are recognised, as the reference library does.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual const TokenizerInfo& info() const = 0;

  // Encodes a UTF-8 text; adds what the post-processor adds only if `add_special_tokens`.
  //
  // Errors  input: the text is not valid UTF-8 (names the byte offset, not the text)
  virtual Encoding encode(std::string_view text, bool add_special_tokens) const = 0;

  // Returns the bytes the ids stand for: as the decoder of the reference library, except that
  // bytes which are not valid UTF-8 stay bytes. Special tokens are written out.
  //
  // Errors  input: an id outside the vocabulary
  virtual std::string decode(std::span<const TokenId> ids) const = 0;

  // Counts special tokens spelled out in the text.
  virtual std::int64_t count_special(std::string_view text) const = 0;
};

}  // namespace souvenir
