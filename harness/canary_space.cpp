#include "harness/canary_space.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "harness/canary_words.h"
#include "harness/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using Kind = PatternPart::Kind;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::int64_t kMaxCount = 256;

struct Slot {
  std::string_view name;
  Kind kind;
  bool counted;
};
constexpr std::array<Slot, 7> kSlots = {{{"digits", Kind::digits, true},
                                         {"letters", Kind::letters, true},
                                         {"hex", Kind::hex, true},
                                         {"words", Kind::words, true},
                                         {"person", Kind::person, false},
                                         {"person.email", Kind::person_email, false},
                                         {"person.phone", Kind::person_phone, false}}};

std::string_view alphabet(Kind kind) {
  switch (kind) {
    case Kind::digits:
      return kDigits;
    case Kind::letters:
      return kLetters;
    case Kind::hex:
      return kHex;
    default:
      return {};
  }
}

std::uint64_t radix_of(Kind kind) {
  return kind == Kind::words ? canary_words().size() : alphabet(kind).size();
}

std::string_view symbol(Kind kind, std::uint64_t index) {
  return kind == Kind::words ? canary_words()[index] : alphabet(kind).substr(index, 1);
}

std::optional<std::uint64_t> symbol_index(Kind kind, std::string_view text) {
  if (kind != Kind::words) {
    const std::size_t at = alphabet(kind).find(text);
    return at == std::string_view::npos ? std::nullopt : std::optional<std::uint64_t>(at);
  }
  const auto words = canary_words();
  const auto at = std::lower_bound(words.begin(), words.end(), text);
  if (at == words.end() || *at != text) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(at - words.begin());
}

std::size_t width_of(Kind kind) { return kind == Kind::words ? kCanaryWordLetters : 1; }

// Says whether a literal, or some word, begins so; symbols of one character always do.
bool begins_symbol(Kind kind, std::string_view literal, std::string_view begun) {
  if (kind == Kind::literal) return literal.starts_with(begun);
  if (kind != Kind::words) return true;
  const auto words = canary_words();
  const auto at = std::lower_bound(words.begin(), words.end(), begun);
  return at != words.end() && std::string_view(*at).starts_with(begun);
}

std::int64_t parse_count(std::string_view text, const std::string& where) {
  std::int64_t count = 0;
  for (const char c : text) {
    count = c >= '0' && c <= '9' && count <= kMaxCount ? count * 10 + (c - '0') : kMaxCount + 1;
  }
  if (text.empty() || count < 1 || count > kMaxCount) {
    throw Error(ErrorKind::input, where + ": a slot: expected a count of 1 to " +
                                      std::to_string(kMaxCount) + " behind the colon");
  }
  return count;
}

// `body` is what stands between the braces.
PatternPart parse_slot(std::string_view body, const std::string& where) {
  const std::size_t colon = body.find(':');
  const std::string name(body.substr(0, colon));
  std::vector<std::string> names;
  for (const Slot& slot : kSlots) {
    names.emplace_back(slot.name);
    if (slot.name != name) {
      continue;
    }
    if (slot.counted != (colon != std::string_view::npos)) {
      throw Error(ErrorKind::input, where + ": slot {" + name + "}: " +
                                        (slot.counted ? "expected a count, as in {" + name + ":4}"
                                                      : "expected no count"));
    }
    return {slot.kind, "", slot.counted ? parse_count(body.substr(colon + 1), where) : 0};
  }
  throw Error(ErrorKind::input,
              where + ": unknown slot; the nearest known slot is {" + nearest(name, names) + "}");
}

void add_literal(std::vector<PatternPart>& parts, char c, const std::string& where) {
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    throw Error(ErrorKind::input,
                where + ": a line break or control character; a canary is one line");
  }
  if (parts.empty() || parts.back().kind != Kind::literal) {
    parts.emplace_back();
  }
  parts.back().literal += c;
}

}  // namespace

std::vector<PatternPart> parse_pattern(std::string_view text, const std::string& where) {
  std::vector<PatternPart> parts;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      add_literal(parts, c, where);
      ++at;
    } else if (c == '{') {
      const std::size_t end = text.find('}', at);
      if (end == std::string_view::npos) {
        throw Error(ErrorKind::input, where + ": a { without its }; {{ is a brace");
      }
      parts.push_back(parse_slot(text.substr(at + 1, end - at - 1), where));
      at = end;
    } else if (c == '}') {
      throw Error(ErrorKind::input, where + ": a } without its {; }} is a brace");
    } else {
      add_literal(parts, c, where);
    }
  }
  return parts;
}

std::string fill_pattern(const std::vector<PatternPart>& parts, const InventedPerson& person,
                         Rng& rng) {
  std::string text;
  for (const PatternPart& part : parts) {
    switch (part.kind) {
      case Kind::literal:
        text += part.literal;
        break;
      case Kind::person:
        text += person.name;
        break;
      case Kind::person_email:
        text += person.email;
        break;
      case Kind::person_phone:
        text += person.phone;
        break;
      default:
        for (std::int64_t i = 0; i < part.count; ++i) {
          text += part.kind == Kind::words && i > 0 ? " " : "";
          text += symbol(part.kind, rng.uniform_below(radix_of(part.kind)));
        }
    }
  }
  return text;
}

CanarySpace::CanarySpace(std::string space_id, const std::vector<PatternPart>& parts,
                         const std::string& where)
    : id(std::move(space_id)), size(1) {
  for (const PatternPart& part : parts) {
    if (part.kind == Kind::literal) {
      units_.push_back({Kind::literal, part.literal, 1});
      continue;
    }
    const std::uint64_t radix = radix_of(part.kind);
    if (radix == 0) {
      throw Error(ErrorKind::input,
                  where +
                      ": a slot of a person, which the text before it may give away; expected "
                      "digits, letters, hex or words");
    }
    for (std::int64_t i = 0; i < part.count; ++i) {
      if (part.kind == Kind::words && i > 0) {
        units_.push_back({Kind::literal, " ", 1});
      }
      units_.push_back({part.kind, "", radix});
      log2_size += std::log2(static_cast<double>(radix));
      size = size && *size <= UINT64_MAX / radix ? std::optional(*size * radix) : std::nullopt;
    }
  }
  if (log2_size == 0.0) {
    throw Error(ErrorKind::input, where + ": expected at least one slot, found none");
  }
}

std::string CanarySpace::render(const std::vector<std::uint64_t>& symbols) const {
  std::string text;
  std::size_t next = 0;
  for (const Unit& unit : units_) {
    text += unit.kind == Kind::literal ? unit.literal : symbol(unit.kind, symbols[next++]);
  }
  return text;
}

std::optional<std::vector<std::uint64_t>> CanarySpace::symbols_of(std::string_view secret) const {
  std::vector<std::uint64_t> symbols;
  for (const Unit& unit : units_) {
    const bool literal = unit.kind == Kind::literal;
    const std::size_t width = literal ? unit.literal.size() : width_of(unit.kind);
    if (secret.size() < width) {
      return std::nullopt;
    }
    const std::string_view piece = secret.substr(0, width);
    secret.remove_prefix(width);
    if (literal) {
      if (piece != unit.literal) return std::nullopt;
      continue;
    }
    const auto index = symbol_index(unit.kind, piece);
    if (!index) return std::nullopt;
    symbols.push_back(*index);
  }
  return secret.empty() ? std::optional(symbols) : std::nullopt;
}

std::optional<std::string> CanarySpace::key_of(std::string_view begun) const {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const Unit& unit = units_[i];
    const bool literal = unit.kind == Kind::literal;
    const std::size_t width = literal ? unit.literal.size() : width_of(unit.kind);
    if (begun.size() < width) {
      if (!begins_symbol(unit.kind, unit.literal, begun)) return std::nullopt;
      return std::to_string(i) + ":" + std::string(begun);
    }
    const std::string_view piece = begun.substr(0, width);
    if (literal ? piece != unit.literal : !symbol_index(unit.kind, piece)) return std::nullopt;
    begun.remove_prefix(width);
  }
  return begun.empty() ? std::optional<std::string>("whole") : std::nullopt;
}

std::size_t CanarySpace::bytes() const {
  std::size_t bytes = 0;
  for (const Unit& unit : units_) {
    bytes += unit.kind == Kind::literal ? unit.literal.size() : width_of(unit.kind);
  }
  return bytes;
}

std::string CanarySpace::secret_at(std::uint64_t index) const {
  if (!size || index >= *size) {
    throw std::invalid_argument("secret_at: the index is not below the size of the space");
  }
  std::vector<std::uint64_t> symbols;
  for (auto unit = units_.rbegin(); unit != units_.rend(); ++unit) {
    if (unit->kind != Kind::literal) {
      symbols.push_back(index % unit->radix);
      index /= unit->radix;
    }
  }
  std::reverse(symbols.begin(), symbols.end());
  return render(symbols);
}

std::string CanarySpace::sample(Rng& rng) const {
  std::vector<std::uint64_t> symbols;
  for (const Unit& unit : units_) {
    if (unit.kind != Kind::literal) {
      symbols.push_back(rng.uniform_below(unit.radix));
    }
  }
  return render(symbols);
}

std::optional<std::uint64_t> CanarySpace::index_of(std::string_view secret) const {
  const auto symbols = symbols_of(secret);
  if (!size || !symbols) {
    return std::nullopt;
  }
  std::uint64_t index = 0;
  std::size_t next = 0;
  for (const Unit& unit : units_) {
    if (unit.kind != Kind::literal) {
      index = index * unit.radix + (*symbols)[next++];
    }
  }
  return index;
}

}  // namespace souvenir
