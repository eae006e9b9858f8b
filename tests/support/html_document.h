#pragma once

#include <catch2/catch.hpp>
#include <functional>
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

// Everything a reader sees of one language, one text node a line.
inline std::string visible_text(const pugi::xml_document& xml, const std::string& language) {
  std::string out;
  std::function<void(const pugi::xml_node&)> walk = [&](const pugi::xml_node& node) {
    if (node.type() == pugi::node_pcdata) out += std::string(node.value()) + "\n";
    for (const pugi::xml_node& child : node.children()) walk(child);
  };
  walk(xml.select_node(("//main[@lang='" + language + "']").c_str()).node());
  return out;
}

}  // namespace souvenir::tests
