#pragma once

#include <string_view>

namespace souvenir::tokenizing {

// Returns the number a JSON literal stands for as the reference library reads it: digits gathered
// in 64 bits, then one multiplication or division by a power of ten. One in eight scores comes out
// a unit in the last place off, and the best cut of a text can hang on that.
//
// Requires  a valid JSON number
double reference_number(std::string_view literal);

}  // namespace souvenir::tokenizing
