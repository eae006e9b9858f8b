#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/identifiers/person.h"
#include "metrics/rng.h"

namespace souvenir {

// One piece of a template: text that stands there as it is, or a slot to be filled.
//
//   count  characters; words for Kind::words
struct PatternPart {
  enum class Kind { literal, digits, letters, hex, words, person, person_email, person_phone };
  Kind kind = Kind::literal;
  std::string literal;
  std::int64_t count = 0;
};

// Reads a template's text: {digits:N}, {letters:N}, {hex:N}, {words:N}, {person}, {person.email},
// {person.phone}; {{ and }} are braces.
//
// Errors  input: an unknown slot, with the nearest known one; a control character
std::vector<PatternPart> parse_pattern(std::string_view text, const std::string& where);

// Fills every slot.
std::string fill_pattern(const std::vector<PatternPart>& parts, const InventedPerson& person,
                         Rng& rng);

// The set a canary's secret was drawn from, uniformly. Its members all have the same length in
// bytes, and are numbered: the first slot counts most, and digits, letters and words stand in
// their order. A value.
//
//   id         the template's
//   size       absent from 2^64 on
//   log2_size  bits, always
struct CanarySpace {
  std::string id;
  double log2_size = 0.0;
  std::optional<std::uint64_t> size;

  CanarySpace() = default;

  // Errors  input: a slot for a person (which the text before would give away), or none at all
  CanarySpace(std::string space_id, const std::vector<PatternPart>& parts,
              const std::string& where);

  // Requires  size, and index < *size; else throws std::invalid_argument
  std::string secret_at(std::uint64_t index) const;

  // Random  one value per character or word of a slot
  std::string sample(Rng& rng) const;

  // Returns nothing where `secret` is no member, or the space has no size.
  std::optional<std::uint64_t> index_of(std::string_view secret) const;

  // What may follow the beginning of a secret: two beginnings with the same key go on alike.
  //
  // Returns  nothing where no member begins so
  std::optional<std::string> key_of(std::string_view begun) const;

  // Length of every member.
  std::size_t bytes() const;

  bool contains(std::string_view secret) const { return symbols_of(secret).has_value(); }

 private:
  // A literal, or a choice of one of `radix` symbols of the same width.
  struct Unit {
    PatternPart::Kind kind;
    std::string literal;
    std::uint64_t radix;
  };

  std::string render(const std::vector<std::uint64_t>& symbols) const;
  std::optional<std::vector<std::uint64_t>> symbols_of(std::string_view secret) const;

  std::vector<Unit> units_;
};

}  // namespace souvenir
