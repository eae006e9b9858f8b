#include "harness/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "harness/error.h"

namespace souvenir {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() {
    if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
      throw Error(ErrorKind::internal, "SHA-256: OpenSSL could not start a digest");
    }
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1) {
    throw Error(ErrorKind::internal, "SHA-256: OpenSSL could not update a digest");
  }
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(state_->context, out.data(), &size) != 1 || size != 32) {
    throw Error(ErrorKind::internal, "SHA-256: OpenSSL could not finish a digest");
  }
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

HmacSha256::HmacSha256(std::string_view key) {
  constexpr std::size_t kBlock = 64;
  std::string padded = key.size() > kBlock ? sha256(key) : std::string(key);
  padded.resize(kBlock, '\0');
  std::string inner_key = padded;
  for (std::size_t i = 0; i < kBlock; ++i) {
    inner_key[i] = static_cast<char>(padded[i] ^ 0x36);
    padded[i] = static_cast<char>(padded[i] ^ 0x5c);
  }
  outer_key_ = padded;
  inner_.update(inner_key);
}

std::string HmacSha256::finish() { return sha256(outer_key_ + inner_.finish()); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  HmacSha256 digest(key);
  digest.update(bytes);
  return digest.finish();
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += kDigits[value >> 4U];
    out += kDigits[value & 15U];
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string_view digits) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const std::array<int, 256> values = [&] {
    std::array<int, 256> result{};
    result.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
      result[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int>(i);
    }
    return result;
  }();
  const std::size_t padding = digits.ends_with("==") ? 2 : digits.ends_with('=') ? 1 : 0;
  if (digits.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(digits.size() / 4 * 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char digit : digits.substr(0, digits.size() - padding)) {
    const int value = values[static_cast<unsigned char>(digit)];
    if (value < 0) {
      return std::nullopt;
    }
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFFU);
    }
  }
  return (bits & ((1U << held) - 1U)) == 0 ? std::optional(out) : std::nullopt;
}

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size)) != 1) {
    throw Error(ErrorKind::resource, "random bytes: the operating system gave none");
  }
  return out;
}

std::string digest_of_files(std::vector<FileDigest> files) {
  std::sort(files.begin(), files.end(),
            [](const FileDigest& a, const FileDigest& b) { return a.name < b.name; });
  std::string lines;
  for (const FileDigest& file : files) {
    lines += file.sha256 + "  " + file.name + "\n";
  }
  return hex(sha256(lines));
}

}  // namespace souvenir
