#include <openssl/evp.h>

#include <array>

#include "harness/leak_corpus.h"

namespace souvenir {

std::vector<std::string> plain_digests(std::string_view bytes) {
  // Fetched once: a lookup by name for each of a hundred thousand strings would cost more than the
  // digest. A build of OpenSSL without MD5 or SHA-1 gives null, and that form is left out.
  static const std::array<EVP_MD*, 3> kinds = {EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                               EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                               EVP_MD_fetch(nullptr, "MD5", nullptr)};
  std::vector<std::string> out;
  for (const EVP_MD* kind : kinds) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (kind != nullptr &&
        EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, kind, nullptr) == 1) {
      out.emplace_back(reinterpret_cast<const char*>(digest.data()), size);
    }
  }
  return out;
}

}  // namespace souvenir
