#include "harness/leak_text.h"

#include <algorithm>
#include <array>

#include "harness/identifiers/characters.h"

namespace souvenir {

namespace {

// Stands where a typed value was taken out or a block ends, so that its neighbours do not touch.
constexpr std::string_view kGap = "\x01";

bool consists_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

// 2026-11-24T05:58:00Z, with or without a fraction, an offset, or a space for the T.
bool is_time_stamp(std::string_view text) {
  return text.size() >= 10 && text.size() <= 40 && consists_of(text, "0123456789-:.+ TZUTC") &&
         text[4] == '-' && text[7] == '-';
}

// A number as a report prints it: grouped, with a sign, a per cent, an interval; no words.
bool is_printed_number(std::string_view text) {
  return text.size() <= 64 && std::none_of(text.begin(), text.end(), [](char c) {
           return (is_letter(c) && c != 'e' && c != 'E') || c == '<' || c == '&';
         });
}

TracedText traced(std::string_view bytes, std::size_t source) {
  TracedText text;
  text.append(bytes, source);
  return text;
}

TracedText or_as_it_stands(TracedText decoded, TracedText text) {
  return decoded.bytes().empty() ? std::move(text) : std::move(decoded);
}

// ---- JSON ---------------------------------------------------------------------------------------

class JsonText {
 public:
  explicit JsonText(std::string_view bytes) : bytes_(bytes) {}

  ArtefactText read() {
    while (at_ < bytes_.size()) {
      const char c = bytes_[at_];
      if (c == '"') {
        read_string();
        list_.clear();
      } else if (is_digit(c) || c == '-') {
        read_number();
      } else {
        read_structure(c);
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  void read_string() {
    const std::size_t begin = ++at_;
    while (at_ < bytes_.size() && bytes_[at_] != '"') {
      at_ += bytes_[at_] == '\\' ? 2U : 1U;
    }
    at_ = std::min(at_, bytes_.size());
    const std::string_view text = bytes_.substr(begin, at_ - begin);
    if (!is_time_stamp(text)) {
      TracedText raw = traced(text, begin);
      out_.texts.push_back(or_as_it_stands(without_json_escapes(raw), raw));
    }
    ++at_;
  }

  void read_number() {
    const std::size_t end =
        std::min(bytes_.size(), bytes_.find_first_not_of("0123456789+-.eE", at_));
    const std::string token(bytes_.substr(at_, end - at_));
    out_.numbers.insert(token);
    if (token.size() <= 10 && consists_of(token, "0123456789")) {
      list_.push_back(std::stoll(token));
    } else {
      list_.clear();
    }
    at_ = end;
  }

  void read_structure(char c) {
    if (c == ']' && list_.size() >= 4) {
      out_.lists.emplace_back(list_, list_begin_);
    }
    if (c == '[') {
      list_begin_ = at_;
    }
    if (c != ',' && c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      list_.clear();
    }
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::vector<std::int64_t> list_;
  std::size_t list_begin_ = 0;
  ArtefactText out_;
};

// ---- HTML and XML -------------------------------------------------------------------------------

struct Tag {
  std::string name;  // lower case, with a leading slash where it closes
  std::size_t end = 0;
};

class MarkupText {
 public:
  MarkupText(std::string_view bytes, bool is_html) : bytes_(bytes), is_html_(is_html) {}

  ArtefactText read() {
    while (at_ < bytes_.size()) {
      const std::size_t open = std::min(bytes_.size(), bytes_.find('<', at_));
      text_.append(bytes_.substr(at_, open - at_), at_);
      at_ = open;
      if (at_ < bytes_.size()) {
        read_markup();
      }
    }
    push(std::move(text_));
    return std::move(out_);
  }

 private:
  // Text of its own, between these two marks.
  void read_section(std::string_view open, std::string_view close) {
    const std::size_t begin = at_ + open.size();
    const std::size_t end = std::min(bytes_.size(), bytes_.find(close, begin));
    out_.texts.push_back(traced(bytes_.substr(begin, end - begin), begin));
    at_ = std::min(bytes_.size(), end + close.size());
  }

  void read_markup() {
    const std::string_view rest = bytes_.substr(at_);
    if (rest.substr(0, 4) == "<!--") {
      read_section("<!--", "-->");
    } else if (rest.substr(0, 9) == "<![CDATA[") {
      read_section("<![CDATA[", "]]>");
    } else if (rest.size() > 1 &&
               (is_letter(rest[1]) || rest[1] == '/' || rest[1] == '!' || rest[1] == '?')) {
      read_element();
    } else {
      text_.append("<", at_);
      ++at_;
    }
  }

  void read_element() {
    const std::size_t begin = at_;
    const Tag tag = read_tag();
    at_ = tag.end;
    keep_attributes(begin, tag.end);
    if (is_html_ && (tag.name == "data" || tag.name == "time") && skip_typed(tag.name)) {
      return;
    }
    if (tag.name == "style" || tag.name == "script") {
      const std::size_t close = std::min(bytes_.size(), bytes_.find("</" + tag.name, at_));
      out_.texts.push_back(traced(bytes_.substr(at_, close - at_), at_));
      at_ = close;
    }
    if (!is_inline(tag.name)) {
      text_.append(kGap, begin);
    }
  }

  Tag read_tag() const {
    std::size_t end = at_ + 1;
    char quote = 0;
    while (end < bytes_.size() && (quote != 0 || bytes_[end] != '>')) {
      const char c = bytes_[end++];
      quote = quote == 0 && (c == '"' || c == '\'') ? c : c == quote ? '\0' : quote;
    }
    const std::size_t name_end = std::min(end, bytes_.find_first_of(" \t\r\n>", at_ + 1));
    Tag tag{std::string(bytes_.substr(at_ + 1, name_end - at_ - 1)),
            std::min(bytes_.size(), end + 1)};
    std::transform(tag.name.begin(), tag.name.end(), tag.name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return tag;
  }

  bool skip_typed(const std::string& name) {
    const std::size_t close = bytes_.find("</" + name + ">", at_);
    if (close == std::string_view::npos) {
      return false;
    }
    const std::string_view content = bytes_.substr(at_, close - at_);
    if (name == "time" ? !is_time_stamp(content) : !is_printed_number(content)) {
      return false;
    }
    out_.numbers.insert(folded(content));
    text_.append(kGap, at_);
    at_ = close + name.size() + 3;
    return true;
  }

  void keep_attributes(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) {
      const char quote = bytes_[at];
      if (quote != '"' && quote != '\'') {
        continue;
      }
      const std::size_t close = std::min(end, bytes_.find(quote, at + 1));
      const std::string_view value = bytes_.substr(at + 1, close - at - 1);
      if (consists_of(value, "0123456789.-+eE")) {
        out_.numbers.insert(std::string(value));
      } else if (!is_time_stamp(value)) {
        push(traced(value, at + 1));
      }
      at = close;
    }
  }

  bool is_inline(std::string_view name) const {
    constexpr std::array<std::string_view, 20> kInline = {
        "a", "abbr", "b",    "bdi", "bdo",   "cite", "code",   "data", "dfn", "em",
        "i", "kbd",  "mark", "s",   "small", "span", "strong", "sub",  "sup", "wbr"};
    name.remove_prefix(!name.empty() && name[0] == '/' ? 1 : 0);
    return is_html_ && std::find(kInline.begin(), kInline.end(), name) != kInline.end();
  }

  void push(TracedText text) {
    out_.texts.push_back(or_as_it_stands(without_html_entities(text), text));
  }

  std::string_view bytes_;
  bool is_html_;
  std::size_t at_ = 0;
  TracedText text_;
  ArtefactText out_;
};

}  // namespace

void TracedText::append(std::string_view bytes, std::size_t source) {
  if (points_.empty() || points_.back().second + (bytes_.size() - points_.back().first) != source) {
    points_.emplace_back(bytes_.size(), source);
  }
  bytes_ += bytes;
}

std::size_t TracedText::source(std::size_t at) const {
  const auto next =
      std::upper_bound(points_.begin(), points_.end(), at,
                       [](std::size_t offset, const auto& point) { return offset < point.first; });
  if (next == points_.begin()) {
    return 0;
  }
  return std::prev(next)->second + (at - std::prev(next)->first);
}

ArtefactText artefact_text(ArtefactFormat format, std::string_view bytes) {
  switch (format) {
    case ArtefactFormat::json:
      return JsonText(bytes).read();
    case ArtefactFormat::html:
      return MarkupText(bytes, true).read();
    case ArtefactFormat::xml:
      return MarkupText(bytes, false).read();
    case ArtefactFormat::text:
      break;
  }
  ArtefactText out;
  out.texts.push_back(traced(bytes, 0));
  return out;
}

}  // namespace souvenir
