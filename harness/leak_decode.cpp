#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "harness/leak_text.h"

namespace souvenir {

namespace {

constexpr std::size_t kSmallestDecoded = 6;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::string utf8(std::uint32_t point) {
  std::string out;
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6));
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3F));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  }
  return out;
}

// What an escape stands for, and how many bytes it takes.
struct Escape {
  std::string bytes;
  std::size_t length = 0;
};

std::optional<std::uint32_t> number(std::string_view digits, int base) {
  std::uint32_t value = 0;
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value, base);
  const bool whole = !digits.empty() && result.ec == std::errc{} && result.ptr == end;
  return whole && value <= 0x10FFFF ? std::optional(value) : std::nullopt;
}

std::optional<Escape> unicode_escape(std::string_view text) {
  if (text.size() > 2 && text[2] == '{') {
    const std::size_t close = std::min(text.size(), text.find('}'));
    const auto point = number(text.substr(3, close - 3), 16);
    return point ? std::optional(Escape{utf8(*point), close + 1}) : std::nullopt;
  }
  const auto high = number(text.substr(2, 4), 16);
  if (!high || text.size() < 6) {
    return std::nullopt;
  }
  if (*high >= 0xD800 && *high < 0xDC00 && text.substr(6, 2) == "\\u") {
    const auto low = number(text.substr(8, 4), 16);
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      return Escape{utf8(0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00)), 12};
    }
  }
  return Escape{utf8(*high), 6};
}

std::optional<Escape> json_escape(std::string_view text) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  if (text.size() < 2 || text[0] != '\\') {
    return std::nullopt;
  }
  if (text[1] == 'u') {
    return unicode_escape(text);
  }
  if (text[1] == 'x') {
    const auto byte = number(text.substr(2, 2), 16);
    return byte && text.size() >= 4 ? std::optional(Escape{utf8(*byte), 4}) : std::nullopt;
  }
  const std::size_t at = kNames.find(text[1]);
  return at == std::string_view::npos ? std::nullopt
                                      : std::optional(Escape{std::string(1, kValues[at]), 2});
}

std::optional<Escape> html_entity(std::string_view text) {
  struct Name {
    std::string_view name;
    std::string_view bytes;
  };
  constexpr std::array<Name, 6> kNames = {
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", "\u00a0"}}};
  const std::size_t close = text.substr(0, 12).find(';');
  if (text.empty() || text[0] != '&' || close == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view body = text.substr(1, close - 1);
  if (body.size() > 1 && body[0] == '#') {
    const bool is_hex = body[1] == 'x' || body[1] == 'X';
    const auto point = number(body.substr(is_hex ? 2 : 1), is_hex ? 16 : 10);
    return point ? std::optional(Escape{utf8(*point), close + 1}) : std::nullopt;
  }
  for (const Name& name : kNames) {
    if (body == name.name) {
      return Escape{std::string(name.bytes), close + 1};
    }
  }
  return std::nullopt;
}

std::optional<Escape> percent_escape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%' || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0) {
    return std::nullopt;
  }
  return Escape{std::string(1, static_cast<char>(hex_digit(text[1]) * 16 + hex_digit(text[2]))), 3};
}

TracedText unescaped(const TracedText& text, char lead,
                     std::optional<Escape> (*read)(std::string_view)) {
  const std::string_view bytes = text.bytes();
  TracedText out;
  std::size_t copied = 0;
  for (std::size_t at = bytes.find(lead); at != std::string_view::npos; at = bytes.find(lead, at)) {
    const auto escape = read(bytes.substr(at));
    if (!escape) {
      ++at;
      continue;
    }
    out.append(bytes.substr(copied, at - copied), text.source(copied));
    out.append(escape->bytes, text.source(at));
    at += escape->length;
    copied = at;
  }
  if (copied == 0) {
    return {};
  }
  out.append(bytes.substr(copied), text.source(copied));
  return out;
}

std::string decoded_base64(std::string_view digits) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    bits = (bits << 6) | static_cast<std::uint32_t>(base64_digit(c));
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 0xFF);
    }
  }
  return out;
}

std::string decoded_hex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out += static_cast<char>(hex_digit(digits[i]) * 16 + hex_digit(digits[i + 1]));
  }
  return out;
}

// Calls `visit` with every maximal run of at least `smallest` characters that `digit` knows.
void each_run(std::string_view text, int (*digit)(char), std::size_t smallest, auto&& visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && digit(text[end]) >= 0) {
      ++end;
    }
    if (end - begin >= smallest) {
      visit(begin, text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
}

}  // namespace

TracedText without_json_escapes(const TracedText& text) {
  return unescaped(text, '\\', json_escape);
}

TracedText without_html_entities(const TracedText& text) {
  return unescaped(text, '&', html_entity);
}

TracedText without_percent_encoding(const TracedText& text) {
  return unescaped(text, '%', percent_escape);
}

std::vector<DecodedRun> decoded_runs(const TracedText& text) {
  std::vector<DecodedRun> out;
  const auto keep = [&](std::string bytes, std::size_t at, bool is_hex) {
    if (bytes.size() >= kSmallestDecoded) {
      out.push_back({std::move(bytes), text.source(at), is_hex});
    }
  };
  each_run(text.bytes(), base64_digit, 8, [&](std::size_t begin, std::string_view run) {
    for (std::size_t start = 0; start < 4; ++start) {
      keep(decoded_base64(run.substr(start)), begin + start, false);
    }
  });
  each_run(text.bytes(), hex_digit, 12, [&](std::size_t begin, std::string_view run) {
    for (std::size_t start = 0; start < 2; ++start) {
      keep(decoded_hex(run.substr(start)), begin + start, true);
    }
  });
  return out;
}

std::vector<std::pair<std::vector<std::int64_t>, std::size_t>> number_lists(
    const TracedText& text) {
  const std::string_view bytes = text.bytes();
  const auto is_number = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0 || c == '\x01';
  };
  std::vector<std::pair<std::vector<std::int64_t>, std::size_t>> out;
  std::vector<std::int64_t> list;
  std::size_t begin = 0;
  const auto close = [&] {
    if (list.size() >= 4) {
      out.emplace_back(std::move(list), text.source(begin));
    }
    list.clear();
  };
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (is_word(bytes[at])) {
      close();
    }
    if (!is_number(bytes[at])) {
      continue;
    }
    const std::size_t end = std::min(bytes.size(), bytes.find_first_not_of("0123456789", at));
    if (end - at > 10) {
      close();
    } else {
      begin = list.empty() ? at : begin;
      list.push_back(std::stoll(std::string(bytes.substr(at, end - at))));
    }
    at = end - 1;
  }
  close();
  return out;
}

}  // namespace souvenir
