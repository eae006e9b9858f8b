// Telephone numbers in E.164; a number that begins with one 0 is taken to be French.

#include <array>

#include "harness/identifiers/characters.h"
#include "harness/identifiers/identifier.h"

namespace souvenir {

namespace {

// Blocks that regulators keep for fiction (ARCEP, Ofcom, NANPA): the number's first digits in
// E.164; how many follow.
struct FictionBlock {
  std::string_view like;    // numbers that begin so ...
  std::string_view prefix;  // ... are stood in for by this block
  std::size_t free_digits;
};
constexpr std::array<FictionBlock, 9> kBlocks = {{{"+331", "+3319900", 4},
                                                  {"+332", "+3326191", 4},
                                                  {"+333", "+3335301", 4},
                                                  {"+334", "+3346571", 4},
                                                  {"+335", "+3353649", 4},
                                                  {"+336", "+3363998", 4},
                                                  {"+337", "+3363998", 4},
                                                  {"+447", "+447700900", 3},
                                                  {"+1", "", 2}}};

bool valid_e164(std::string_view digits) {
  if (digits.size() < 8 || digits.size() > 15 || digits.front() == '0') return false;
  if (digits.starts_with("33")) return digits.size() == 11 && digits[2] != '0';
  if (digits.front() == '1') {
    return digits.size() == 11 && digits[1] >= '2' && digits[4] >= '2';
  }
  return true;
}

// Returns the digits behind the plus.
std::optional<std::string> international(std::string_view text) {
  const std::size_t zero = text.find("(0)");
  if (zero != std::string_view::npos) {
    return international(std::string(text.substr(0, zero)) + std::string(text.substr(zero + 3)));
  }
  std::string digits = bare(text);
  const bool plus = !digits.empty() && digits.front() == '+';
  if (plus) digits.erase(0, 1);
  if (digits.empty() || !all_digits(digits)) return std::nullopt;
  if (plus) return digits;
  if (digits.starts_with("00")) return digits.substr(2);
  if (digits.front() == '0' && digits.size() == 10) return "33" + digits.substr(1);
  return std::nullopt;
}

std::string stand_in(const FictionBlock& block, std::string_view digits, Rng& rng) {
  if (!block.prefix.empty()) {
    return std::string(block.prefix.substr(1)) + random_digits(rng, block.free_digits);
  }
  // North America: 555-0100 to 555-0199 of the same area.
  return std::string(digits.substr(0, 4)) + "55501" + random_digits(rng, block.free_digits);
}

}  // namespace

std::optional<std::string> canonical_phone(std::string_view text) {
  const auto digits = international(text);
  if (!digits || !valid_e164(*digits)) return std::nullopt;
  return "+" + *digits;
}

std::optional<std::string> invent_phone_like(std::string_view value, Rng& rng) {
  const auto canonical = canonical_phone(value);
  if (!canonical) return std::nullopt;
  for (const FictionBlock& block : kBlocks) {
    if (!canonical->starts_with(block.like)) continue;
    const std::string digits = stand_in(block, std::string_view(*canonical).substr(1), rng);
    if (digits.size() + 1 != canonical->size()) return std::nullopt;
    // From the right, so that whatever stands for the country stays as it was written.
    std::string out(value);
    const std::size_t national = block.like == "+1" ? 10 : digits.size() - 2;
    std::size_t left = national;
    for (auto c = out.rbegin(); c != out.rend() && left > 0; ++c) {
      if (is_digit(*c)) *c = digits[digits.size() - national + --left];
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace souvenir
