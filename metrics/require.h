#pragma once

#include <stdexcept>

namespace souvenir {

// Throws std::invalid_argument with the message, which names what was expected, unless it holds.
inline void require(bool holds, const char* message) {
  if (!holds) throw std::invalid_argument(message);
}

}  // namespace souvenir
