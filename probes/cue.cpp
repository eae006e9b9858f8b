#include "probes/cue.h"

#include <algorithm>
#include <string>
#include <vector>

#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

// Small letters without accents, digits, and whatever is beyond ASCII; nothing between them.
std::string squeezed(std::string_view text) {
  std::string out = canonical_words(text).value_or("");
  std::erase(out, ' ');
  return out;
}

std::size_t longest_common(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1, 0);
  std::size_t best = 0;
  for (const char c : a) {
    for (std::size_t j = b.size(); j > 0; --j) {
      row[j] = c == b[j - 1] ? row[j - 1] + 1 : 0;
      best = std::max(best, row[j]);
    }
  }
  return best;
}

struct Share {
  std::size_t found = 0;
  std::size_t length = 0;
};

Share share(std::string_view value, std::string_view squeezed_prompt) {
  const std::string needle = squeezed(value);
  return {longest_common(needle, squeezed_prompt), needle.size()};
}

double ratio(Share of) {
  return of.length == 0 ? 1.0 : static_cast<double>(of.found) / static_cast<double>(of.length);
}

}  // namespace

double cue_overlap(std::string_view kind, std::string_view value, std::string_view prompt) {
  const std::string from = squeezed(prompt);
  const std::size_t at = value.rfind('@');
  if (kind != "email" || at == std::string_view::npos) return ratio(share(value, from));
  std::string_view domain = value.substr(at + 1);
  domain = domain.substr(0, domain.rfind('.'));
  const Share local = share(value.substr(0, at), from);
  const Share host = share(domain, from);
  return ratio({local.found + host.found, local.length + host.length});
}

}  // namespace souvenir
