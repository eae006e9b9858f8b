#include "harness/canary_template.h"

#include <algorithm>
#include <filesystem>

#include "harness/config.h"
#include "harness/error.h"

namespace souvenir {

// Defined by souvenir_embed() of the root CMakeLists.txt, from configs/canary_templates.json.
namespace embedded {
extern const std::string_view canary_templates_json;
}  // namespace embedded

namespace {

using nlohmann::json;
using Kind = PatternPart::Kind;

constexpr std::uint64_t kMaxTemplateBytes = 1U << 20U;

void check_word(ConfigObject& object, const std::string& key, const std::string& word) {
  if (word.empty() || word.size() > 40 ||
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) {
    object.fail(key, "expected a word of at most 40 small letters, digits and underscores");
  }
}

}  // namespace

CanarySpace CanaryTemplate::space(const std::string& where) const {
  return CanarySpace(id, parse_pattern(secret, where), where);
}

std::string CanaryTemplate::suffix_text() const {
  std::string text;
  for (const PatternPart& part : parse_pattern(suffix, "template " + id)) {
    text += part.literal;
  }
  return text;
}

bool CanaryTemplate::has_person() const {
  const auto parts = parse_pattern(prefix, "template " + id);
  return std::any_of(parts.begin(), parts.end(), [](const PatternPart& part) {
    return part.kind == Kind::person || part.kind == Kind::person_email ||
           part.kind == Kind::person_phone;
  });
}

CanaryTemplate parse_canary_template(const json& value, const std::string& document,
                                     const std::string& pointer) {
  ConfigObject object(value, document, pointer);
  CanaryTemplate out;
  out.id = object.text("id");
  check_word(object, "id", out.id);
  out.kind = object.text("kind", "text");
  check_word(object, "kind", out.kind);
  out.prefix = object.text("prefix");
  out.secret = object.text("secret");
  out.suffix = object.text("suffix", "");
  object.finish();
  if (out.prefix.empty()) {
    object.fail("prefix", "is empty, so that nothing asks for the secret");
  }
  parse_pattern(out.prefix, document + ": " + object.pointer("prefix"));
  out.space(document + ": " + object.pointer("secret"));
  for (const PatternPart& part :
       parse_pattern(out.suffix, document + ": " + object.pointer("suffix"))) {
    if (part.kind != Kind::literal) {
      object.fail("suffix", "expected no slot");
    }
  }
  return out;
}

nlohmann::ordered_json to_json(const CanaryTemplate& value) {
  return {{"id", value.id},
          {"kind", value.kind},
          {"prefix", value.prefix},
          {"secret", value.secret},
          {"suffix", value.suffix}};
}

std::vector<CanaryTemplate> parse_canary_templates(std::string_view text,
                                                   const std::string& document) {
  const json root = parse_json(text, document);
  ConfigObject object(root, document, "");
  if (object.text("schema") != "souvenir/canary_templates/1") {
    object.fail("schema", "expected \"souvenir/canary_templates/1\"");
  }
  object.find("$schema");
  const json& list = object.required("templates");
  if (!list.is_array() || list.empty()) {
    object.fail("templates", "expected a list of at least one template");
  }
  object.finish();
  std::vector<CanaryTemplate> templates;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string pointer = "/templates/" + std::to_string(i);
    CanaryTemplate next = parse_canary_template(list[i], document, pointer);
    for (const CanaryTemplate& before : templates) {
      if (before.id == next.id) {
        throw Error(ErrorKind::input, document + ": " + pointer + "/id: stands there twice");
      }
    }
    templates.push_back(std::move(next));
  }
  return templates;
}

const std::vector<CanaryTemplate>& builtin_canary_templates() {
  static const std::vector<CanaryTemplate> table =
      parse_canary_templates(embedded::canary_templates_json, "built-in templates");
  return table;
}

std::vector<CanaryTemplate> load_canary_templates(const std::string& name_or_path) {
  std::vector<std::string> names;
  for (const CanaryTemplate& row : builtin_canary_templates()) {
    if (row.id == name_or_path) {
      return {row};
    }
    names.push_back(row.id);
  }
  if (name_or_path.find('/') == std::string::npos && name_or_path.find('.') == std::string::npos) {
    throw Error(ErrorKind::input,
                "template \"" + name_or_path + "\": no such template; the nearest is \"" +
                    nearest(name_or_path, names) +
                    "\" (see souvenir list templates), or give the path of a file");
  }
  return parse_canary_templates(read_file(name_or_path, kMaxTemplateBytes),
                                "templates " + name_or_path);
}

}  // namespace souvenir
