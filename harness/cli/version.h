#pragma once

#include <string>

namespace souvenir::cli {

std::string version();

// Returns the libtorch this was built with; empty in a build without a backend.
std::string libtorch_version();

std::string compiler_version();

// Returns e.g. "souvenir 0.1.0, libtorch 2.13.0".
std::string version_line();

}  // namespace souvenir::cli
