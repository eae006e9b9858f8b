#include "harness/canaries.h"

#include <cmath>
#include <filesystem>
#include <set>

#include "harness/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{256} << 20;
constexpr std::string_view kSchema = "souvenir/canaries/1";

// Seeds go up to 2^64 - 1, which is more than many readers of JSON keep of a number.
std::uint64_t parse_seed(ConfigObject& object) {
  const std::string text = object.text("seed");
  std::uint64_t seed = 0;
  for (const char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (c < '0' || c > '9' || seed > (UINT64_MAX - digit) / 10) {
      object.fail("seed", "expected a whole number below 2^64, written as a string");
    }
    seed = seed * 10 + digit;
  }
  if (text.empty()) object.fail("seed", "is empty");
  return seed;
}

std::vector<std::int64_t> parse_tiers(ConfigObject& object) {
  const json& list = object.required("tiers");
  std::vector<std::int64_t> tiers;
  if (list.is_array()) {
    for (const json& tier : list) {
      if (!tier.is_number_integer() || tier.get<double>() < 1 || tier.get<double>() > 1e9) {
        object.fail("tiers", "expected whole numbers of at least 1");
      }
      tiers.push_back(tier.get<std::int64_t>());
    }
  }
  if (tiers.empty()) object.fail("tiers", "expected a list of at least one number");
  return tiers;
}

// The size stands in the manifest for people; what counts is the template.
void check_size(ConfigObject& object, const CanarySpace& space) {
  const json& size = object.required("size");
  const bool same = space.size
                        ? size.is_number_unsigned() && size.get<std::uint64_t>() == *space.size
                        : size.is_null();
  if (!same) object.fail("size", "is not the size of the template's space");
  if (std::abs(object.number("log2_size", 0.0, 1e9) - space.log2_size) > 1e-6) {
    object.fail("log2_size", "is not the size of the template's space");
  }
}

void parse_templates(ConfigObject& object, CanaryManifest& manifest, const std::string& document) {
  const json& list = object.required("templates");
  if (!list.is_array() || list.empty()) {
    object.fail("templates", "expected a list of at least one template");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string pointer = "/templates/" + std::to_string(i);
    json bare = list[i];
    if (bare.is_object()) {
      bare.erase("size");
      bare.erase("log2_size");
    }
    CanaryTemplate row = parse_canary_template(bare, document, pointer);
    CanarySpace space = row.space(document + ": " + pointer + "/secret");
    ConfigObject with_size(list[i], document, pointer);
    check_size(with_size, space);
    if (manifest.space(space.id) != nullptr) {
      throw Error(ErrorKind::input, document + ": " + pointer + "/id: stands there twice");
    }
    manifest.templates.push_back(std::move(row));
    manifest.spaces.push_back(std::move(space));
  }
}

void parse_canary(const json& value, CanaryManifest& manifest, const std::string& document,
                  const std::string& pointer) {
  ConfigObject object(value, document, pointer);
  Canary canary;
  canary.id = object.text("id");
  canary.space = object.text("template");
  canary.person = object.text("person", "");
  const std::string prefix = object.text("prefix");
  const std::string secret = object.text("secret");
  canary.repetitions = object.integer("repetitions", 0, 1'000'000'000);
  canary.included = object.boolean("included");
  canary.control = object.boolean("control");
  object.finish();
  const CanarySpace* space = manifest.space(canary.space);
  if (canary.id.empty()) object.fail("id", "is empty");
  if (space == nullptr) object.fail("template", "is none of the templates");
  if (!space->contains(secret)) object.fail("secret", "is not a member of its template's space");
  if (prefix.empty()) object.fail("prefix", "is empty");
  if (canary.control && (canary.included || canary.repetitions != 0)) {
    object.fail("control", "a control is held out: expected included false and repetitions 0");
  }
  if (!canary.control && canary.repetitions == 0) {
    object.fail("repetitions", "expected at least 1");
  }
  const CanaryTemplate& row =
      manifest.templates[static_cast<std::size_t>(space - manifest.spaces.data())];
  canary.kind = row.kind;
  canary.suffix = row.suffix_text();
  canary.prefix = Sensitive(prefix);
  canary.secret = Sensitive(secret);
  manifest.canaries.push_back(std::move(canary));
}

void check_distinct(const CanaryManifest& manifest, const std::string& document) {
  std::set<std::string_view> ids;
  std::set<std::string_view> secrets;
  for (const Canary& canary : manifest.canaries) {
    if (!ids.insert(canary.id).second) {
      throw Error(ErrorKind::input, document + ": an id stands there twice");
    }
    if (!secrets.insert(canary.secret.reveal()).second) {
      throw Error(ErrorKind::input, document + ": a secret stands there twice");
    }
  }
}

ordered_json to_json(const Canary& canary) {
  ordered_json row = {{"id", canary.id}, {"template", canary.space}};
  if (!canary.person.empty()) row["person"] = canary.person;
  row["prefix"] = canary.prefix.reveal();
  row["secret"] = canary.secret.reveal();
  row["repetitions"] = canary.repetitions;
  row["included"] = canary.included;
  row["control"] = canary.control;
  return row;
}

// A JSON list with one element a line.
std::string lines(const std::vector<ordered_json>& rows) {
  std::string text = "[";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += (i == 0 ? "\n    " : ",\n    ") + rows[i].dump();
  }
  return text + "\n  ]";
}

}  // namespace

const CanarySpace* CanaryManifest::space(std::string_view id) const {
  for (const CanarySpace& candidate : spaces) {
    if (candidate.id == id) return &candidate;
  }
  return nullptr;
}

CanaryManifest parse_canaries(std::string_view text, const std::string& document) {
  const json root = parse_json(text, document);
  ConfigObject object(root, document, "");
  if (object.text("schema") != kSchema) {
    object.fail("schema", "expected \"" + std::string(kSchema) + "\"");
  }
  CanaryManifest manifest;
  manifest.seed = parse_seed(object);
  manifest.inclusion = object.number("inclusion", 0.0, 1.0);
  manifest.tiers = parse_tiers(object);
  parse_templates(object, manifest, document);
  const json& list = object.required("canaries");
  if (!list.is_array()) object.fail("canaries", "expected a list");
  object.finish();
  for (std::size_t i = 0; i < list.size(); ++i) {
    parse_canary(list[i], manifest, document, "/canaries/" + std::to_string(i));
  }
  check_distinct(manifest, document);
  return manifest;
}

CanaryManifest read_canaries(const std::string& path, std::string* bytes) {
  std::error_code code;
  const bool folder = std::filesystem::is_directory(path, code);
  const std::string file = folder ? path + "/manifest.json" : path;
  const std::string text = read_file(file, kMaxManifestBytes);
  if (bytes != nullptr) *bytes = text;
  return parse_canaries(text, "canaries " + file);
}

std::string write_canaries(const CanaryManifest& manifest) {
  std::vector<ordered_json> templates;
  for (std::size_t i = 0; i < manifest.templates.size(); ++i) {
    const CanarySpace& space = manifest.spaces[i];
    ordered_json row = to_json(manifest.templates[i]);
    row["size"] = space.size ? ordered_json(*space.size) : ordered_json(nullptr);
    row["log2_size"] = space.log2_size;
    templates.push_back(std::move(row));
  }
  std::vector<ordered_json> canaries;
  for (const Canary& canary : manifest.canaries) {
    canaries.push_back(to_json(canary));
  }
  return "{\n  \"schema\": \"" + std::string(kSchema) + "\",\n  \"seed\": \"" +
         std::to_string(manifest.seed) +
         "\",\n  \"inclusion\": " + ordered_json(manifest.inclusion).dump() +
         ",\n  \"tiers\": " + ordered_json(manifest.tiers).dump() +
         ",\n  \"templates\": " + lines(templates) + ",\n  \"canaries\": " + lines(canaries) +
         "\n}\n";
}

}  // namespace souvenir
