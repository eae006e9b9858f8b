#include <re2/re2.h>

#include <array>
#include <map>
#include <memory>

#include "harness/identifiers/characters.h"
#include "probes/recognisers/recogniser.h"

namespace souvenir {

namespace {

constexpr int kMaxCandidates = 1000;

const RE2& compiled(const Recogniser& recogniser) {
  static const auto table = [] {
    std::map<std::string_view, std::unique_ptr<RE2>> rows;
    RE2::Options options;
    options.set_log_errors(false);  // it would quote the text
    for (const Recogniser& row : recognisers()) {
      const std::string pattern = "(" + std::string(row.candidates) + ")";
      rows[row.kind] = std::make_unique<RE2>(pattern, options);
    }
    return rows;
  }();
  return *table.at(recogniser.kind);
}

bool joins(char c) { return is_digit(c) || is_letter(c); }

// The longest valid piece of a candidate that begins where it begins and ends between two words.
std::optional<FoundValue> longest_valid(const Recogniser& recogniser, std::string_view text,
                                        std::size_t begin, std::size_t end) {
  const IdentifierKind& kind = identifier_kind(recogniser.kind);
  for (; end > begin; --end) {
    if (!joins(text[end - 1]) || (end < text.size() && joins(text[end]))) continue;
    const std::string_view piece = text.substr(begin, end - begin);
    if (const auto canonical = kind.canonical(piece)) {
      return FoundValue{std::string(piece), *canonical, begin};
    }
  }
  return std::nullopt;
}

}  // namespace

std::span<const Recogniser> recognisers() {
  static const std::array<Recogniser, 11> table = {
      kEmailRecogniser, kPhoneRecogniser,       kIbanRecogniser, kNirRecogniser,
      kSiretRecogniser, kSirenRecogniser,       kVatRecogniser,  kCardRecogniser,
      kIpRecogniser,    kDateOfBirthRecogniser, kDateRecogniser};
  return table;
}

const Recogniser* find_recogniser(std::string_view kind) {
  for (const Recogniser& row : recognisers()) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

std::vector<FoundValue> find_values(const Recogniser& recogniser, std::string_view text,
                                    std::size_t limit) {
  std::vector<FoundValue> found;
  std::size_t from = 0;
  for (int i = 0; i < kMaxCandidates && found.size() < limit && from < text.size(); ++i) {
    re2::StringPiece match;
    const re2::StringPiece whole(text.data(), text.size());
    if (!compiled(recogniser).Match(whole, from, text.size(), RE2::UNANCHORED, &match, 1)) break;
    const auto begin = static_cast<std::size_t>(match.data() - text.data());
    const bool inside_a_word = begin > 0 && joins(text[begin - 1]) && joins(text[begin]);
    const auto value =
        inside_a_word ? std::nullopt : longest_valid(recogniser, text, begin, begin + match.size());
    from = value ? begin + value->raw.size() : begin + 1;
    if (value) found.push_back(*value);
  }
  return found;
}

}  // namespace souvenir
