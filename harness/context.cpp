#include "harness/context.h"

#include <algorithm>
#include <array>

#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxContextBytes = 1U << 20U;
constexpr std::size_t kMaxTextBytes = 20000;
constexpr std::size_t kMaxRows = 200;

struct TextField {
  const char* name;
  std::string AuditContext::*field;
};
constexpr TextField kOptionalTexts[] = {
    {"version", &AuditContext::version},           {"commissioner", &AuditContext::commissioner},
    {"operator", &AuditContext::operator_name},    {"dpo", &AuditContext::dpo},
    {"release_note", &AuditContext::release_note}, {"intended_use", &AuditContext::intended_use},
    {"purpose", &AuditContext::purpose},           {"training_data", &AuditContext::training_data},
    {"legal_basis", &AuditContext::legal_basis},   {"remark", &AuditContext::remark},
};

// A text of bounded length; without a fallback it must not be empty either.
std::string text_of(ConfigObject& object, const std::string& key, bool required) {
  std::string text = required ? object.text(key) : object.text(key, std::optional<std::string>(""));
  if (required && text.empty()) {
    object.fail(key, "is empty");
  }
  if (text.size() > kMaxTextBytes) {
    object.fail(key, "expected at most " + std::to_string(kMaxTextBytes) + " bytes, found " +
                         std::to_string(text.size()));
  }
  return text;
}

template <std::size_t N>
std::string word_of(ConfigObject& object, const std::string& key,
                    const std::array<const char*, N>& known) {
  const std::string word = object.text(key);
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    std::string list;
    for (const char* name : known) {
      list += (list.empty() ? "" : ", ") + std::string(name);
    }
    object.fail(key, "expected one of " + list);
  }
  return word;
}

const json* list_of(ConfigObject& object, const std::string& key) {
  const json* value = object.find(key);
  if (value != nullptr && !value->is_array()) {
    object.fail(key, std::string("expected a list, found ") + value->type_name());
  }
  if (value != nullptr && value->size() > kMaxRows) {
    object.fail(key, "expected at most " + std::to_string(kMaxRows) + " rows, found " +
                         std::to_string(value->size()));
  }
  return value;
}

std::vector<Mitigation> mitigations_of(ConfigObject& object, const std::string& document) {
  std::vector<Mitigation> rows;
  const json* list = list_of(object, "mitigations");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    ConfigObject row((*list)[i], document, object.pointer("mitigations") + "/" + std::to_string(i));
    Mitigation mitigation;
    mitigation.stage =
        word_of(row, "stage", std::array{"data", "training", "post_training", "output"});
    mitigation.description = text_of(row, "description", true);
    mitigation.finding = text_of(row, "finding", false);
    row.finish();
    rows.push_back(std::move(mitigation));
  }
  return rows;
}

std::vector<std::string> filters_of(ConfigObject& object) {
  std::vector<std::string> rows;
  const json* list = list_of(object, "filters");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const json& row = (*list)[i];
    if (!row.is_string() || row.get_ref<const std::string&>().empty() ||
        row.get_ref<const std::string&>().size() > kMaxTextBytes) {
      object.fail("filters", i,
                  "expected a text of 1 to " + std::to_string(kMaxTextBytes) + " bytes");
    }
    rows.push_back(row.get<std::string>());
  }
  return rows;
}

std::string day_of(ConfigObject& object, const std::string& key) {
  const std::string day = object.text(key, std::optional<std::string>(""));
  constexpr std::string_view kForm = "0000-00-00";
  bool fits = day.empty() || day.size() == kForm.size();
  for (std::size_t i = 0; fits && i < day.size(); ++i) {
    fits = kForm[i] == '0' ? day[i] >= '0' && day[i] <= '9' : day[i] == '-';
  }
  if (!fits) {
    object.fail(key, "expected a day as YYYY-MM-DD");
  }
  return day;
}

}  // namespace

AuditContext parse_context(std::string_view text, const std::string& document) {
  const json root = parse_json(text, document);
  ConfigObject object(root, document, "");
  if (object.text("schema") != "souvenir/context/1") {
    object.fail("schema", "expected \"souvenir/context/1\"");
  }
  object.find("$schema");
  AuditContext context;
  context.system = text_of(object, "system", true);
  context.controller = text_of(object, "controller", true);
  context.release_context =
      word_of(object, "release_context", std::array{"open_weights", "api", "internal", "other"});
  for (const TextField& row : kOptionalTexts) {
    context.*row.field = text_of(object, row.name, false);
  }
  context.mitigations = mitigations_of(object, document);
  context.filters = filters_of(object);
  context.valid_until = day_of(object, "valid_until");
  object.finish();
  context.sha256 = hex(sha256(text));
  return context;
}

AuditContext load_context(const std::string& path) {
  return parse_context(read_file(path, kMaxContextBytes), "context " + path);
}

}  // namespace souvenir
