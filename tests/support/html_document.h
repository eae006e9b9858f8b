#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <pugixml.hpp>
#include <string>

namespace souvenir::tests {

// A page, parsed as the XML that it also is.
struct HtmlDocument {
  pugi::xml_document xml;
  explicit HtmlDocument(const std::string& text) {
    const auto result = xml.load_buffer(text.data(), text.size(), pugi::parse_full);
    CAPTURE(result.description(), text.substr(static_cast<std::size_t>(result.offset), 80));
    REQUIRE(result);
  }
};

// Everything a reader sees of an element, one text node a line.
//
//   between  what stands between two pieces of text; a sentence with a number in it is several
inline std::string visible_text(const pugi::xml_node& element, const std::string& between = "\n") {
  std::string out;
  std::function<void(const pugi::xml_node&)> walk = [&](const pugi::xml_node& node) {
    if (node.type() == pugi::node_pcdata) out += node.value() + between;
    for (const pugi::xml_node& child : node.children()) walk(child);
  };
  walk(element);
  return out;
}

// The same of one language.
inline std::string visible_text(const pugi::xml_document& xml, const std::string& language,
                                const std::string& between = "\n") {
  return visible_text(xml.select_node(("//main[@lang='" + language + "']").c_str()).node(),
                      between);
}

// Compares a page with the one that was looked at and found right.
inline void check_approved(const std::string& name, const std::string& text) {
  const std::string approved = SOUVENIR_SOURCE_DIR "/tests/golden/report/" + name;
  const std::string received = SOUVENIR_BINARY_DIR "/" + name;
  std::ofstream(received, std::ios::binary) << text;
  std::ifstream in(approved, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  INFO("to approve a change after looking at it: cp " << received << " " << approved);
  CHECK((text == expected));
}

}  // namespace souvenir::tests
