#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace souvenir {

// How a model's chat template puts one user's turn and the beginning of the answer around it.
//
//   family  chatml, llama3, gemma, llama2 or mistral
//   before  what stands in front of the user's text, the system's turn included
//   after   what stands behind it, up to where the model begins to write
//   trims   white space around the user's text is dropped
struct ChatFormat {
  std::string family;
  std::string before;
  std::string after;
  bool trims = false;

  std::string render(std::string_view user) const;
};

// Recognises the family of a Jinja chat template by its markers, and what it puts around a user's
// turn. No Jinja is run: a template that is not understood is refused, not guessed at.
//
//   bos  the tokenizer's beginning-of-sequence token as text; empty: none
//
// Returns  nothing where the template is of no family known, or says what day it is
std::optional<ChatFormat> recognise_chat_template(std::string_view jinja, std::string_view bos);

}  // namespace souvenir
