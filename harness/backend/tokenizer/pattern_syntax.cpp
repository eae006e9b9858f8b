#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/backend/tokenizer/pattern.h"
#include "harness/backend/tokenizer/unicode.h"
#include "harness/backend/tokenizer/utf8.h"
#include "harness/error.h"

namespace souvenir::tokenizing {

namespace {

constexpr int kMostNesting = 8;

bool is_hex(std::string_view digits) {
  for (const char c : digits) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) {
      return false;
    }
  }
  return !digits.empty();
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Reads the pattern once, writing its translation. The two languages agree on most of what
// tokenizers use; what they do not agree on is translated where that is certain, else refused.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  Translation run() {
    while (at_ < in_.size()) {
      step();
    }
    return {std::move(out_), stand_ins_};
  }

 private:
  [[noreturn]] void refuse(std::string_view construct) const {
    throw Error(ErrorKind::input, "regular expression: \"" + std::string(construct) +
                                      "\": not supported at byte " + std::to_string(at_));
  }

  bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }

  void copy(std::size_t bytes) {
    out_ += in_.substr(at_, bytes);
    at_ += bytes;
  }

  void atom() { atom_begin_ = out_.size(); }

  void step() {
    switch (in_[at_]) {
      case '\\':
        atom();
        if (const auto value = escape(false)) {
          mention(*value, *value);
        }
        return;
      case '[':
        atom();
        character_class();
        return;
      case '(':
        open_group();
        return;
      case ')':
        if (!groups_.empty()) {
          atom_begin_ = groups_.back();
          groups_.pop_back();
        }
        copy(1);
        return;
      case '{':
        braces();
        return;
      case '^':
      case '$':
        refuse(in_.substr(at_, 1));
      case '*':
      case '+':
      case '?':
      case '|':
        copy(1);
        return;
      default: {
        atom();
        const char32_t value = character();
        mention(value, value);
      }
    }
  }

  // Copies one character that stands for itself.
  char32_t character() {
    const std::size_t begin = at_;
    const char32_t value = next_code_point(in_, at_);
    out_ += in_.substr(begin, at_ - begin);
    return value;
  }

  // Notes that the pattern names code points.
  void mention(char32_t first, char32_t last) {
    stand_ins_ = stand_ins_ && !touches_stand_ins(first, last);
  }

  // Writes what an escape stands for. Returns the code point if it stands for one of those that
  // somebody would spell so.
  std::optional<char32_t> escape(bool in_class) {
    if (at_ + 1 >= in_.size()) {
      refuse("\\");
    }
    const char kind = in_[at_ + 1];
    if (static_cast<unsigned char>(kind) >= 0x80) {
      ++at_;
      return character();
    }
    if (std::isalnum(static_cast<unsigned char>(kind)) == 0) {
      copy(2);
      return kind;
    }
    if (kind == 'x') {
      return hexadecimal();
    }
    if (kind == 'u' && in_.size() >= at_ + 6 && is_hex(in_.substr(at_ + 2, 4))) {
      return code_point(in_.substr(at_ + 2, 4), 6);
    }
    if (kind == 'p' || kind == 'P') {
      property();
    } else if (kind == 's' || kind == 'S') {  // PCRE2's has U+180E, the reference's has not
      replace(2, kind == 's' ? "\\p{White_Space}" : "\\P{White_Space}");
    } else if (kind == 'v') {
      replace(2, "\\x{0B}");
    } else if (std::string_view("dDnrtfae").find(kind) != std::string_view::npos ||
               (!in_class && (kind == 'A' || kind == 'z'))) {
      copy(2);
    } else {
      refuse(in_.substr(at_, 2));
    }
    return std::nullopt;
  }

  void replace(std::size_t bytes, std::string_view text) {
    out_ += text;
    at_ += bytes;
  }

  // General categories are the same; the name of a script alone means, in PCRE2, the characters
  // that are used with it too.
  void property() {
    const std::size_t end = in_.find('}', at_);
    if (at_ + 2 >= in_.size() || in_[at_ + 2] != '{' || end == std::string_view::npos) {
      refuse(in_.substr(at_, 2));
    }
    const std::string_view inside = in_.substr(at_ + 3, end - at_ - 3);
    const bool inverted = inside.starts_with('^');
    const std::string_view name = inside.substr(inverted ? 1 : 0);
    if (name.find_first_of(":=") != std::string_view::npos) {
      refuse(in_.substr(at_, end + 1 - at_));
    }
    out_ += in_.substr(at_, 2);
    out_ += inverted ? "{^" : "{";
    out_ += name.size() <= 2 || name == "Any" ? "" : "sc:";
    out_ += name;
    out_ += '}';
    at_ = end + 1;
  }

  char32_t code_point(std::string_view digits, std::size_t bytes) {
    std::uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size() || value > 0x10FFFF ||
        (value >= 0xD800 && value <= 0xDFFF)) {
      refuse(in_.substr(at_, 2));
    }
    replace(bytes, "\\x{" + std::string(digits) + "}");
    return value;
  }

  char32_t hexadecimal() {
    if (in_.substr(at_).starts_with("\\x{")) {
      const std::size_t end = in_.find('}', at_);
      if (end == std::string_view::npos || !is_hex(in_.substr(at_ + 3, end - at_ - 3))) {
        refuse("\\x{");
      }
      return code_point(in_.substr(at_ + 3, end - at_ - 3), end + 1 - at_);
    }
    // Two digits are a byte there and a code point here: the same below 0x80 only.
    const std::string_view digits = in_.substr(at_ + 2, 2);
    if (digits.size() != 2 || !is_hex(digits) || digits[0] > '7') {
      refuse("\\x");
    }
    return code_point(digits, 4);
  }

  void character_class() {
    copy(1);
    if (next_is("^")) {
      copy(1);
    }
    class_members();
    copy(1);
  }

  // A class within a class adds its members: "[a[bc]]" is "[abc]".
  void nested_class() {
    if (next_is("[:") || next_is("[^") || nesting_ == kMostNesting) {
      refuse(in_.substr(at_, 2));
    }
    ++at_;
    ++nesting_;
    class_members();
    --nesting_;
    ++at_;
  }

  // Reads up to the bracket that closes the class.
  void class_members() {
    if (next_is("]")) {
      refuse("[]");
    }
    while (at_ < in_.size() && in_[at_] != ']') {
      if (in_[at_] == '[') {
        nested_class();
        continue;
      }
      const auto first = class_member();
      if (!first) {
        continue;
      }
      auto last = first;
      if (next_is("-") && !next_is("-]") && at_ + 1 < in_.size()) {
        if (next_is("-[")) {
          refuse("-[");
        }
        copy(1);
        last = class_member();
      }
      mention(*first, last.value_or(*first));
    }
    if (at_ >= in_.size()) {
      refuse("[ without ]");
    }
  }

  std::optional<char32_t> class_member() {
    if (in_[at_] == '\\') {
      return escape(true);
    }
    if (next_is("&&")) {
      refuse("&&");
    }
    return character();
  }

  void open_group() {
    groups_.push_back(out_.size());
    if (next_is("(*")) {
      refuse("(*");
    }
    if (!next_is("(?")) {
      copy(1);
      return;
    }
    for (const std::string_view kind : {"(?:", "(?=", "(?!", "(?>", "(?i:", "(?-i:"}) {
      if (next_is(kind)) {
        copy(kind.size());
        return;
      }
    }
    if (at_ == 0 && next_is("(?i)")) {  // elsewhere its reach over "|" differs
      groups_.pop_back();
      copy(4);
      return;
    }
    refuse(in_.substr(at_, 4));
  }

  // A repetition "{n,m}", or braces that stand for themselves.
  void braces() {
    const std::size_t end = in_.find('}', at_);
    const std::string_view inside =
        end == std::string_view::npos ? "" : in_.substr(at_ + 1, end - at_ - 1);
    const std::size_t comma = inside.find(',');
    const std::string_view low = inside.substr(0, comma);
    const bool ranged = comma != std::string_view::npos;
    const std::string_view high = ranged ? inside.substr(comma + 1) : low;
    const bool valid = (is_digits(low) || (ranged && low.empty() && is_digits(high))) &&
                       (high.empty() || is_digits(high));
    if (!valid) {
      atom();
      replace(1, "\\{");
      return;
    }
    at_ = end + 1;
    std::string repetition = "{" + (low.empty() ? "0" : std::string(low));
    repetition += ranged ? "," + std::string(high) + "}" : "}";
    // "{n,m}+" repeats the repetition there and is possessive here; "{n}?" makes it optional there.
    if (next_is("+") || (!ranged && next_is("?"))) {
      out_.insert(atom_begin_, "(?:");
      out_ += repetition + ")";
      copy(1);
      return;
    }
    out_ += repetition;
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  bool stand_ins_ = true;
  int nesting_ = 0;                  // of classes
  std::size_t atom_begin_ = 0;       // where the last repeatable thing begins in out_
  std::vector<std::size_t> groups_;  // where the open groups begin in out_
};

}  // namespace

Translation to_pcre2(std::string_view pattern) {
  if (first_invalid_utf8(pattern)) {
    throw Error(ErrorKind::input, "regular expression: not valid UTF-8");
  }
  return Translator(pattern).run();
}

}  // namespace souvenir::tokenizing
