#pragma once

#include <string>
#include <string_view>

namespace souvenir {

// Returns the text of a suite that is built into the program, so that it needs no data files.
//
//   name  quick | release | full
//
// Errors  internal: no such suite
std::string_view embedded_suite(const std::string& name);

}  // namespace souvenir
