#include "harness/chat_template.h"

namespace souvenir {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Templates write a line break as it is, or as Jinja's escape.
std::string with_line_breaks(std::string_view jinja) {
  std::string text(jinja);
  replace_all(text, "\\n", "\n");
  return text;
}

// A turn of the system that stands in the template word for word: what the model is told when
// nobody says anything else.
std::string default_system_turn(const std::string& jinja) {
  static constexpr std::string_view kBegin = "<|im_start|>system\n";
  static constexpr std::string_view kEnd = "<|im_end|>\n";
  for (std::size_t at = jinja.find(kBegin); at != std::string::npos;
       at = jinja.find(kBegin, at + 1)) {
    const std::size_t end = jinja.find(kEnd, at);
    if (end == std::string::npos) break;
    const std::string turn = jinja.substr(at, end + kEnd.size() - at);
    if (turn.find_first_of("'\"{}+", kBegin.size()) == std::string::npos) return turn;
  }
  return {};
}

ChatFormat inst(const std::string& jinja, const std::string& bos) {
  ChatFormat format;
  format.family = has(jinja, "<<SYS>>") ? "llama2" : "mistral";
  format.before = bos + (has(jinja, "[INST] ") ? "[INST] " : "[INST]");
  format.after = has(jinja, " [/INST]") ? " [/INST]" : "[/INST]";
  format.trims = has(jinja, "content.strip()") || has(jinja, "['content'].strip()") ||
                 has(jinja, "[\"content\"].strip()") || has(jinja, "| trim") || has(jinja, "|trim");
  return format;
}

}  // namespace

std::string ChatFormat::render(std::string_view user) const {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  if (trims) {
    const std::size_t begin = user.find_first_not_of(kSpace);
    user = begin == std::string_view::npos
               ? std::string_view{}
               : user.substr(begin, user.find_last_not_of(kSpace) + 1 - begin);
  }
  return before + std::string(user) + after;
}

std::optional<ChatFormat> recognise_chat_template(std::string_view jinja, std::string_view bos) {
  const std::string text = with_line_breaks(jinja);
  // The day it is asked would be a part of every answer.
  if (has(text, "strftime_now") || has(text, "date_string")) return std::nullopt;
  const std::string start = has(text, "bos_token") ? std::string(bos) : std::string();
  const bool trims = has(text, "trim");
  if (has(text, "<|im_start|>") && has(text, "<|im_end|>") && has(text, "<|im_start|>assistant")) {
    return ChatFormat{"chatml", start + default_system_turn(text) + "<|im_start|>user\n",
                      "<|im_end|>\n<|im_start|>assistant\n", trims};
  }
  if (has(text, "<|start_header_id|>") && has(text, "<|eot_id|>")) {
    return ChatFormat{"llama3", start + "<|start_header_id|>user<|end_header_id|>\n\n",
                      "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", trims};
  }
  if (has(text, "<start_of_turn>") && has(text, "<end_of_turn>") && has(text, "model")) {
    return ChatFormat{"gemma", start + "<start_of_turn>user\n",
                      "<end_of_turn>\n<start_of_turn>model\n", trims};
  }
  if (has(text, "[INST]") && has(text, "[/INST]")) return inst(text, start);
  return std::nullopt;
}

}  // namespace souvenir
