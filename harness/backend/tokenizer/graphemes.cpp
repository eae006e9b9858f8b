#include "harness/backend/tokenizer/graphemes.h"

#include <utf8proc.h>

#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"

namespace souvenir::tokenizing {

std::size_t grapheme_end(std::string_view text, std::size_t position) {
  char32_t before = next_code_point(text, position);
  utf8proc_int32_t state = 0;
  while (position < text.size()) {
    std::size_t next = position;
    const char32_t c = next_code_point(text, next);
    const bool plain = before < 0x80 && c < 0x80 && before != '\r';
    if (plain || utf8proc_grapheme_break_stateful(
                     static_cast<utf8proc_int32_t>(grapheme_stand_in(before)),
                     static_cast<utf8proc_int32_t>(grapheme_stand_in(c)), &state)) {
      break;
    }
    before = c;
    position = next;
  }
  return position;
}

}  // namespace souvenir::tokenizing
