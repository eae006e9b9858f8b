#pragma once

#include <string>

#include "metrics/rng.h"

namespace souvenir {

// Returns a place that is on no map, e.g. "Orvanbourg".
std::string invent_town(Rng& rng);

// Returns a decimal number of exactly `digits` digits, which may begin with zeros.
std::string invent_digits(Rng& rng, int digits);

// Returns a French IBAN with valid check digits and RIB key, in groups of four, of a bank code that
// is not assigned: about 33 bits are left to chance.
std::string invent_iban(Rng& rng);

// Returns a date of birth of an adult, as in "14 March 1971".
std::string invent_birth_date(Rng& rng);

}  // namespace souvenir
