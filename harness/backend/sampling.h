#pragma once

#include <span>

#include "harness/language_model.h"
#include "harness/types.h"

namespace souvenir {

// Draws a token from a row of logits under a rule.
//
//   uniform  in [0, 1): the token is the first, by id, at which the cumulative probability of the
//            tokens kept exceeds it
//
// Requires  finite logits, a rule that check_rule passes
// Random    nothing of its own: `uniform` decides
TokenId sample_token(std::span<const float> logits, const DecodingRule& rule, double uniform);

}  // namespace souvenir
