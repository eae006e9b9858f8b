#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/error.h"
#include "harness/evidence/json.h"

namespace souvenir {

namespace {

using nlohmann::json;

constexpr double kLargestExactInteger = 9007199254740992.0;  // 2^53

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::internal, "canonical JSON: " + what);
}

// Length of the UTF-8 sequence at `at`, 0 if it is not one (overlong forms, surrogates and code
// points above U+10FFFF included: Unicode table 3-7).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return byte(1) >= low && byte(1) <= high && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return byte(1) >= low && byte(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void write_escaped(unsigned char byte, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void write_string(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      fail("a string is not valid UTF-8 at its byte " + std::to_string(at));
    }
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      write_escaped(byte, out);
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  out += '"';
}

// Orders by UTF-16 code unit. That is the order of UTF-8 bytes except that code points above U+FFFF
// (lead byte F0 and up), which are surrogate pairs, come before U+E000 to U+FFFF (lead bytes EE,
// EF).
bool utf16_less(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() || at_b == b.end()) {
    return at_a == a.end() && at_b != b.end();
  }
  const auto byte_a = static_cast<unsigned char>(*at_a);
  const auto byte_b = static_cast<unsigned char>(*at_b);
  const bool pair_a = byte_a >= 0xF0;
  const bool pair_b = byte_b >= 0xF0;
  if (pair_a != pair_b && std::min(byte_a, byte_b) >= 0xEE) {
    return pair_a;
  }
  return byte_a < byte_b;
}

// ECMAScript Number::toString: the shortest digits that read back as the same double, in plain
// form from 1e-6 up to 1e21, else with an exponent.
void write_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    fail("a number is not finite");
  }
  if (value == 0.0) {
    out += '0';  // minus zero too
    return;
  }
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t split = text.find('e');
  std::string digits(text.substr(0, split));
  std::erase(digits, '.');
  int exponent = 0;
  const std::string_view tail = text.substr(split + (text[split + 1] == '+' ? 2 : 1));
  std::from_chars(tail.data(), tail.data() + tail.size(), exponent);

  out += value < 0 ? "-" : "";
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point
  const auto zeros = [](int number) { return std::string(static_cast<std::size_t>(number), '0'); };
  if (point > 21 || point <= -6) {
    out += digits[0];
    out.append(count > 1 ? "." : "").append(digits, 1);
    out.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  } else if (point <= 0) {
    out.append("0.").append(zeros(-point)).append(digits);
  } else if (count <= point) {
    out.append(digits).append(zeros(point - count));
  } else {
    const auto cut = static_cast<std::size_t>(point);
    out.append(digits, 0, cut).append(".").append(digits, cut);
  }
}

void write_number(const json& value, std::string& out) {
  const auto as_double = value.get<double>();
  if (value.is_number_integer() && std::abs(as_double) < kLargestExactInteger) {
    out += std::to_string(value.get<std::int64_t>());
    return;
  }
  // JSON numbers are doubles (RFC 8785, 3.2.2.3): a larger integer would come back changed.
  const bool exact = !value.is_number_integer() ||
                     (value.is_number_unsigned()
                          ? as_double < 0x1p64 &&
                                static_cast<std::uint64_t>(as_double) == value.get<std::uint64_t>()
                          : as_double < 0x1p63 &&
                                static_cast<std::int64_t>(as_double) == value.get<std::int64_t>());
  if (!exact) {
    fail("an integer is too large for a double");
  }
  write_double(as_double, out);
}

void write(const json& value, std::string& out);

void write_object(const json& value, std::string& out) {
  std::vector<json::const_iterator> members;
  members.reserve(value.size());
  for (auto at = value.begin(); at != value.end(); ++at) {
    members.push_back(at);
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return utf16_less(a.key(), b.key()); });
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    out += i == 0 ? "" : ",";
    write_string(members[i].key(), out);
    out += ':';
    write(members[i].value(), out);
  }
  out += '}';
}

void write(const json& value, std::string& out) {
  switch (value.type()) {
    case json::value_t::null:
      out += "null";
      return;
    case json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case json::value_t::string:
      write_string(value.get_ref<const std::string&>(), out);
      return;
    case json::value_t::object:
      write_object(value, out);
      return;
    case json::value_t::array:
      break;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      write_number(value, out);
      return;
    default:
      fail("a value is binary or was discarded");
  }
  out += '[';
  for (std::size_t i = 0; i < value.size(); ++i) {
    out += i == 0 ? "" : ",";
    write(value[i], out);
  }
  out += ']';
}

}  // namespace

std::string canonical_json(const json& value) {
  std::string out;
  write(value, out);
  return out;
}

}  // namespace souvenir
