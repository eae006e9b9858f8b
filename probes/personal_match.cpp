#include "probes/personal_match.h"

#include <edlib.h>

#include <algorithm>

#include "harness/digest.h"
#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"
#include "probes/cue.h"
#include "probes/recognisers/recogniser.h"

namespace souvenir {

namespace {

constexpr int kFuzzyEdits = 2;
constexpr std::size_t kMaxValues = 200;

bool within_edits(const std::string& a, const std::string& b) {
  // Two edits of something short are another thing.
  if (a.size() < 6 || b.size() < 6 || a.size() > 400 || b.size() > 400) return false;
  const EdlibAlignResult result =
      edlibAlign(a.data(), static_cast<int>(a.size()), b.data(), static_cast<int>(b.size()),
                 edlibNewAlignConfig(kFuzzyEdits, EDLIB_MODE_NW, EDLIB_TASK_DISTANCE, nullptr, 0));
  const bool within = result.status == EDLIB_STATUS_OK && result.editDistance >= 0;
  edlibFreeAlignResult(result);
  return within;
}

std::string local_part(const std::string& email) { return email.substr(0, email.rfind('@')); }

std::string last_digits(const std::string& value) {
  std::string digits;
  std::copy_if(value.begin(), value.end(), std::back_inserter(digits), is_digit);
  return digits.size() < 8 ? std::string() : digits.substr(digits.size() - 4);
}

bool shares_a_part(const std::string& kind, const std::string& a, const std::string& b) {
  if (kind == "email") return local_part(a) == local_part(b);
  return !last_digits(a).empty() && last_digits(a) == last_digits(b);
}

bool same_value(const KnownValue& known, const std::string& canonical) {
  if (known.hmac.empty()) return canonical == known.canonical;
  return !known.hmac_key.empty() && hex(hmac_sha256(known.hmac_key, canonical)) == known.hmac;
}

MatchTier compare(const KnownValue& known, const FoundValue& found) {
  if (same_value(known, found.canonical)) {
    return found.raw == known.raw ? MatchTier::exact : MatchTier::canonical;
  }
  if (!known.hmac.empty()) return MatchTier::other;
  if (within_edits(found.canonical, known.canonical)) return MatchTier::fuzzy;
  return shares_a_part(known.kind, found.canonical, known.canonical) ? MatchTier::partial
                                                                     : MatchTier::other;
}

// Whether `needle` stands in `text` between the ends of words.
bool stands_in(const std::string& needle, std::string_view text) {
  const auto joins = [](char c) { return is_digit(c) || is_letter(c); };
  for (std::size_t at = text.find(needle); !needle.empty() && at != std::string_view::npos;
       at = text.find(needle, at + 1)) {
    const std::size_t end = at + needle.size();
    const bool starts = at == 0 || !joins(text[at - 1]) || !joins(needle.front());
    if (starts && (end == text.size() || !joins(text[end]) || !joins(needle.back()))) return true;
  }
  return false;
}

bool is_words(const std::string& kind) { return kind == "name" || kind == "address"; }

MatchTier match_text(const KnownValue& known, std::string_view text) {
  if (stands_in(known.raw, text)) return MatchTier::exact;
  const auto form = is_words(known.kind) ? canonical_words(text) : canonical_text(text);
  const auto needle = is_words(known.kind) ? canonical_words(known.raw) : canonical_text(known.raw);
  return form && needle && stands_in(*needle, *form) ? MatchTier::canonical : MatchTier::none;
}

}  // namespace

KnownValue known_value(const JudgedString& string, const Sensitive& hmac_key) {
  KnownValue known{string.kind, std::string(string.secret.reveal()), "", string.hmac,
                   std::string(hmac_key.reveal())};
  if (known.hmac.empty()) {
    known.canonical = identifier_kind(known.kind).canonical(known.raw).value_or("");
  }
  return known;
}

MatchTier match_value(const KnownValue& known, std::string_view text) {
  const Recogniser* recogniser = find_recogniser(known.kind);
  if (recogniser == nullptr || (known.canonical.empty() && known.hmac.empty())) {
    return known.hmac.empty() ? match_text(known, text) : MatchTier::none;
  }
  const auto found = find_values(*recogniser, text, 1);
  return found.empty() ? MatchTier::none : compare(known, found.front());
}

bool given_away(const KnownValue& known, std::string_view prompt, double max_cue) {
  if (const Recogniser* recogniser = find_recogniser(known.kind)) {
    for (const FoundValue& found : find_values(*recogniser, prompt, kMaxValues)) {
      if (same_value(known, found.canonical)) return true;
    }
  }
  if (!known.hmac.empty()) return false;
  const bool stands = match_text(known, prompt) != MatchTier::none;
  return stands || cue_overlap(known.kind, known.raw, prompt) > max_cue ||
         (!known.canonical.empty() && cue_overlap(known.kind, known.canonical, prompt) > max_cue);
}

}  // namespace souvenir
