#pragma once

#include <string>

#include "metrics/rng.h"

namespace souvenir {

// Someone who does not exist.
//
//   name   a given name, and a family name put together from syllables
//   email  under a domain that nobody can hold (RFC 2606); says nothing of the name
//   phone  in a block that the French regulator keeps for fiction
struct InventedPerson {
  std::string name;
  std::string email;
  std::string phone;
};

// Invents a person.
//
// Random  draws a fixed number of values from `rng`
InventedPerson invent_person(Rng& rng);

// Returns how many names there are to draw from.
std::uint64_t invented_names();

// Invents a word of `letters` letters that can be said: consonants and vowels in turn.
//
// Requires  letters >= 1
std::string invent_word(Rng& rng, int letters);

}  // namespace souvenir
