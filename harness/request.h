#pragma once

#include <cstdint>
#include <string>

#include "harness/language_model.h"

namespace souvenir {

// Returns the digest of a question to a model: 32 raw bytes over the ids and the options. The
// checkpoint, dtype and version it is asked of stand once, in the journal's identity.
std::string request_digest(const ScoreRequest& request, const ScoreOptions& options);

// Packs ids as little-endian 32-bit integers, and back.
//
// Sensitive: ids decode to the text.
// Errors     integrity: a length that is no multiple of four
std::string pack_ids(const std::vector<TokenId>& ids);
std::vector<TokenId> unpack_ids(std::string_view bytes);

// Packs an observation without loss, and back. Format: harness/README.md, "Journal".
//
// Errors  integrity: not what pack_observation wrote
std::string pack_observation(const ScoreObservation& observation);
ScoreObservation unpack_observation(std::string_view bytes);

// Returns how many tokens a packed observation answers.
//
// Errors  as unpack_observation
std::int64_t answered_tokens(std::string_view bytes);

}  // namespace souvenir
