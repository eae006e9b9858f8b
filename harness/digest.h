#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/types.h"

namespace souvenir {

// Computes a SHA-256 (FIPS 180-4) over bytes that arrive in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);

  // Returns 32 bytes; the object is spent.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Computes HMAC-SHA-256 (RFC 2104) over bytes that arrive in pieces. Not thread-safe.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);

  void update(std::string_view bytes) { inner_.update(bytes); }

  // Returns 32 bytes; the object is spent.
  std::string finish();

 private:
  std::string outer_key_;
  Sha256 inner_;
};

// Returns the SHA-256 of bytes as 32 raw bytes.
std::string sha256(std::string_view bytes);

// Returns HMAC-SHA-256 (RFC 2104) as 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Returns lower-case hexadecimal digits, two per byte.
std::string hex(std::string_view bytes);

// Returns base64 (RFC 4648), padded.
std::string base64(std::string_view bytes);

// Reads base64 (RFC 4648), padded; nothing if it is not.
std::optional<std::string> from_base64(std::string_view digits);

// Returns `size` bytes from the operating system's random source.
//
// Errors  resource
std::string random_bytes(std::size_t size);

// Returns the digest of a set of files: the SHA-256, in hexadecimal, of the lines
// "sha256  name\n" sorted by name (interface: "Digests").
std::string digest_of_files(std::vector<FileDigest> files);

}  // namespace souvenir
