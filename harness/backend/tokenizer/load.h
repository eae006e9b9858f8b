#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/tokenizer.h"

namespace souvenir {

// Loads the tokenizer of a Hugging Face directory (tokenizer.json, else tokenizer.model), or the
// one inside a GGUF file.
//
// Errors  input: there is none, it is malformed, or it needs something unsupported (named)
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& directory);

// Returns the kinds of tokenizers whose tokens are compared with the reference library's, text by
// text, as TokenizerInfo::kind names them; "*" stands for any name.
const std::vector<std::string>& supported_tokenizers();

// Whether a model has a tokenizer of a kind that load_tokenizer takes, as far as names tell.
//
// Errors  input: a GGUF file is damaged, several files of which one would be taken
bool has_tokenizer(const std::filesystem::path& model);

}  // namespace souvenir
