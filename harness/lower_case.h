#pragma once

#include <string>
#include <string_view>

namespace souvenir {

// Returns the text with every code point in lower case, one for one; bytes that are not valid UTF-8
// stay as they are.
std::string lower_case(std::string_view text);

}  // namespace souvenir
