#pragma once

#include <filesystem>
#include <memory>

#include "harness/tokenizer.h"

namespace souvenir {

// Loads the tokenizer of a Hugging Face directory: tokenizer.json, else tokenizer.model.
//
// Errors  input: there is none, it is malformed, or it needs something unsupported (named)
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory);

}  // namespace souvenir
