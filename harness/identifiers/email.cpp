// E-mail addresses: the subset of RFC 5322 that people write.

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"
#include "harness/identifiers/person.h"

namespace souvenir {

namespace {

bool valid_local(std::string_view local) {
  if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.') {
    return false;
  }
  for (std::size_t i = 0; i < local.size(); ++i) {
    const char c = local[i];
    const bool known = is_letter(c) || is_digit(c) ||
                       std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
    if (!known || (c == '.' && local[i + 1] == '.')) return false;
  }
  return true;
}

bool valid_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
    return false;
  }
  for (const char c : label) {
    if (!is_letter(c) && !is_digit(c) && c != '-' && static_cast<unsigned char>(c) < 0x80) {
      return false;
    }
  }
  return true;
}

bool valid_domain(std::string_view domain) {
  if (domain.size() > 253 || domain.find('.') == std::string_view::npos) return false;
  const std::string_view top = domain.substr(domain.rfind('.') + 1);
  if (top.size() < 2 || is_digit(top.front())) return false;
  for (;;) {
    const std::size_t dot = domain.find('.');
    if (!valid_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

// RFC 2606 and 6761: nobody can hold these.
bool reserved_domain(std::string_view domain) {
  const auto under = [&](std::string_view suffix) {
    return domain == suffix || (domain.size() > suffix.size() && domain.ends_with(suffix) &&
                                domain[domain.size() - suffix.size() - 1] == '.');
  };
  return under("example.com") || under("example.net") || under("example.org") || under("test") ||
         under("example") || under("invalid");
}

}  // namespace

std::optional<std::string> canonical_email(std::string_view text) {
  std::string out;
  for (const char c : text) out += to_lower(c);
  const std::size_t at = out.rfind('@');
  if (at == std::string::npos || !valid_local(std::string_view(out).substr(0, at)) ||
      !valid_domain(std::string_view(out).substr(at + 1))) {
    return std::nullopt;
  }
  return out;
}

std::optional<std::string> invent_email_like(std::string_view value, Rng& rng) {
  const auto canonical = canonical_email(value);
  if (!canonical) return std::nullopt;
  const std::size_t at = value.rfind('@');
  const std::string_view domain = std::string_view(*canonical).substr(canonical->rfind('@') + 1);
  std::string out = invent_shape(value.substr(0, at), rng) + "@";
  if (reserved_domain(domain)) return out + std::string(value.substr(at + 1));
  constexpr std::string_view kDomains[] = {"example.com", "example.net", "example.org"};
  return out + std::string(kDomains[rng.uniform_below(3)]);
}

}  // namespace souvenir
