#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace souvenir {

// A way to store weights: blocks of so many elements in so many bytes.
//
//   decode  makes float32 of blocks; null where a block is one element that stands as it is
struct StoredDtype {
  std::string_view name;
  std::int64_t elements;
  std::int64_t bytes;
  void (*decode)(const unsigned char* blocks, std::int64_t count, float* to);
};

// Returns nothing for what this build does not read as weights.
const StoredDtype* find_stored_dtype(std::string_view name);

// Returns the names, e.g. for a refusal.
//
//   quantised  those of blocks, too
std::string stored_dtype_names(bool quantised);

}  // namespace souvenir
