#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "harness/backend/tokenizer/added_tokens.h"

namespace souvenir::tokenizing {

// Returns the steps around a model of ranked byte strings, written as a tokenizer.json would: cut
// by the pattern (what it does not match is dropped), spell bytes; `front`, if any, stands in front
// of a text.
nlohmann::json rank_steps(const std::string& pattern, const std::optional<AddedToken>& front);

}  // namespace souvenir::tokenizing
