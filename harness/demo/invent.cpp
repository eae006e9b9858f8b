#include "harness/demo/invent.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace souvenir {

namespace {

constexpr std::array<std::string_view, 24> kHead = {
    "Bar", "Bel", "Bran", "Cal", "Cor", "Dal", "Dor",  "Fal", "Gar", "Gris", "Hal", "Jor",
    "Lan", "Mar", "Mor",  "Nor", "Or",  "Pel", "Quer", "Ras", "Sal", "Tor",  "Val", "Vern"};
constexpr std::array<std::string_view, 12> kMiddle = {"a",  "e",  "i",  "o",  "an", "en",
                                                      "in", "on", "ar", "er", "ol", "ev"};
constexpr std::array<std::string_view, 8> kTownTail = {"bourg",    "court", "lieu",  "mare",
                                                       "sur-Aive", "val",   "ville", "zac"};
constexpr std::array<std::string_view, 12> kMonth = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

template <std::size_t N>
std::string pick(Rng& rng, const std::array<std::string_view, N>& words) {
  return std::string(words[rng.uniform_below(N)]);
}

// The remainder of a decimal number of any length.
std::uint64_t remainder(std::string_view digits, std::uint64_t modulus) {
  std::uint64_t rest = 0;
  for (const char c : digits) rest = (rest * 10 + static_cast<std::uint64_t>(c - '0')) % modulus;
  return rest;
}

std::string two_digits(std::uint64_t number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

}  // namespace

std::string invent_town(Rng& rng) {
  const std::string head = pick(rng, kHead) + pick(rng, kMiddle);
  return head + pick(rng, kTownTail);
}

std::string invent_digits(Rng& rng, int digits) {
  std::string text;
  for (int i = 0; i < digits; ++i) text += static_cast<char>('0' + rng.uniform_below(10));
  return text;
}

std::string invent_iban(Rng& rng) {
  const std::string bank = "99999", branch = "00000", account = "0" + invent_digits(rng, 10);
  const std::uint64_t sum =
      89 * remainder(bank, 97) + 15 * remainder(branch, 97) + 3 * remainder(account, 97);
  const std::string bban = bank + branch + account + two_digits(97 - sum % 97);
  // FR is 1527 behind the account number, and 00 stands where the check digits will.
  const std::string whole = "FR" + two_digits(98 - remainder(bban + "152700", 97)) + bban;
  std::string grouped;
  for (std::size_t i = 0; i < whole.size(); i += 4)
    grouped += (i == 0 ? "" : " ") + whole.substr(i, 4);
  return grouped;
}

std::string invent_birth_date(Rng& rng) {
  const std::uint64_t day = 1 + rng.uniform_below(28);
  const std::string month = pick(rng, kMonth);
  return std::to_string(day) + " " + month + " " + std::to_string(1935 + rng.uniform_below(70));
}

}  // namespace souvenir
