#pragma once

#include <string>

#include "harness/journal_prompts.h"
#include "harness/tokenizer.h"

namespace souvenir::cli {

// Returns how a user's turn is put into the chat template of a model's folder
// (chat_template.jinja, else tokenizer_config.json; in a GGUF file: its metadata), or nothing: the
// model has none, or one that is not understood.
//
// Errors  input: the file is damaged
ChatTemplate read_chat(const std::string& model_folder, const Tokenizer& tokenizer);

}  // namespace souvenir::cli
