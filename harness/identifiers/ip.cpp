// IP addresses, both versions.

#include <arpa/inet.h>

#include <array>
#include <string>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

std::optional<std::string> normal(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (inet_pton(family, text.c_str(), address.data()) != 1 ||
      inet_ntop(family, address.data(), out.data(), out.size()) == nullptr) {
    return std::nullopt;
  }
  return std::string(out.data());
}

}  // namespace

std::optional<std::string> canonical_ip(std::string_view text) {
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  const auto four = normal(AF_INET, copy);
  return four ? four : normal(AF_INET6, copy);
}

std::optional<std::string> invent_ip_like(std::string_view value, Rng& rng) {
  const auto canonical = canonical_ip(value);
  if (!canonical) return std::nullopt;
  // RFC 5737 and RFC 3849: for documentation.
  if (canonical->find(':') == std::string::npos) {
    constexpr std::string_view kNets[] = {"192.0.2.", "198.51.100.", "203.0.113."};
    return std::string(kNets[rng.uniform_below(3)]) + std::to_string(1 + rng.uniform_below(254));
  }
  std::string out = "2001:db8";
  for (int group = 0; group < 6; ++group) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += ':';
    out += kHex[1 + rng.uniform_below(15)];
    for (int i = 0; i < 3; ++i) out += kHex[rng.uniform_below(16)];
  }
  return out;
}

}  // namespace souvenir
