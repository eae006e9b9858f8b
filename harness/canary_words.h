#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace souvenir {

constexpr std::size_t kCanaryWordLetters = 5;

// Returns 256 English words of five letters, sorted. The list is part of the manifest's format:
// it never changes, since the number of a secret hangs on it.
std::span<const std::string_view> canary_words();

}  // namespace souvenir
