#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace souvenir {

inline constexpr std::int64_t kMiB = std::int64_t{1} << 20U;  // bytes

// Index into a model's vocabulary.
using TokenId = std::int32_t;

// Half-open range of bytes in a UTF-8 text.
struct ByteSpan {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool operator==(const ByteSpan&) const = default;
};

// A file that was read, and what it was.
//
//   name    path relative to the checkpoint directory, with forward slashes
//   sha256  64 lower-case hexadecimal digits
struct FileDigest {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
};

}  // namespace souvenir
