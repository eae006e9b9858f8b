#include "reports/text.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/error.h"

namespace souvenir {

namespace embedded {
extern const std::string_view text_json;
}

namespace {

struct Entry {
  std::string en;
  std::string fr;
};

const std::map<std::string, Entry, std::less<>>& entries() {
  static const auto table = [] {
    std::map<std::string, Entry, std::less<>> out;
    const nlohmann::json document = nlohmann::json::parse(embedded::text_json);
    for (const auto& [code, text] : document.items()) {
      out[code] = {text.at("en"), text.at("fr")};
    }
    return out;
  }();
  return table;
}

}  // namespace

bool Words::has(std::string_view code) const { return entries().find(code) != entries().end(); }

const std::string& Words::plain(std::string_view code) const {
  const auto at = entries().find(code);
  if (at == entries().end()) {
    throw Error(ErrorKind::internal, "report: no text for the code " + std::string(code));
  }
  return language_ == Language::en ? at->second.en : at->second.fr;
}

Html Words::say(std::string_view code) const { return escaped(plain(code)); }

namespace {

// Calls `keep` with text that stays and `name` with what stands in braces.
void each_part(std::string_view text, auto&& keep, auto&& name) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.size(), text.find('{', at));
    const std::size_t close = std::min(text.size(), text.find('}', open));
    keep(text.substr(at, open - at));
    if (close < text.size()) {
      name(text.substr(open + 1, close - open - 1));
    }
    at = close + 1;
  }
}

[[noreturn]] void missing(std::string_view code, std::string_view name) {
  throw Error(ErrorKind::internal, "report: the text " + std::string(code) + " asks for {" +
                                       std::string(name) + "}, which is not given");
}

}  // namespace

Html Words::fill(std::string_view code, const Fillings& fillings) const {
  std::string out;
  each_part(
      plain(code), [&](std::string_view text) { out += escaped(text).markup; },
      [&](std::string_view name) {
        for (const auto& [key, value] : fillings) {
          if (key == name) {
            out += value.markup;
            return;
          }
        }
        missing(code, name);
      });
  return {out};
}

std::string Words::fill_plain(
    std::string_view code,
    const std::vector<std::pair<std::string_view, std::string>>& fillings) const {
  std::string out;
  each_part(
      plain(code), [&](std::string_view text) { out += text; },
      [&](std::string_view name) {
        for (const auto& [key, value] : fillings) {
          if (key == name) {
            out += value;
            return;
          }
        }
        missing(code, name);
      });
  return out;
}

std::vector<std::string> text_codes() {
  std::vector<std::string> out;
  for (const auto& entry : entries()) {
    out.push_back(entry.first);
  }
  return out;
}

}  // namespace souvenir
