#include "harness/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

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
