#include "harness/lower_case.h"

#include <utf8proc.h>

namespace souvenir {

std::string lower_case(std::string_view text) {
  std::string lowered;
  lowered.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  std::size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t point = 0;
    const auto left = static_cast<utf8proc_ssize_t>(text.size() - at);
    const utf8proc_ssize_t length = utf8proc_iterate(bytes + at, left, &point);
    if (length <= 0) {
      lowered += text[at++];
      continue;
    }
    utf8proc_uint8_t out[4];
    const utf8proc_ssize_t written = utf8proc_encode_char(utf8proc_tolower(point), out);
    lowered.append(reinterpret_cast<const char*>(out), static_cast<std::size_t>(written));
    at += static_cast<std::size_t>(length);
  }
  return lowered;
}

}  // namespace souvenir
