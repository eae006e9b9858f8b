#include "harness/canaries.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "harness/canary_plan.h"
#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"
#include "tests/support/published_schema.h"
#include "tests/support/temporary_folder.h"

using namespace souvenir;
using namespace souvenir::test;

namespace {

CanaryManifest invent(const std::string& name, CanaryOptions options) {
  return invent_canaries(load_canary_templates(name), options);
}

std::string text_of(const Canary& canary) {
  return std::string(canary.prefix.reveal()) + std::string(canary.secret.reveal());
}

// A manifest of one canary, with one field put in or replaced.
std::string manifest_with(const std::string& pointer, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(
      write_canaries(invent("door_code", {.count = 1, .controls = 1, .tiers = {2}})));
  json[nlohmann::json::json_pointer(pointer)] = value;
  return json.dump();
}

}  // namespace

TEST_CASE("canaries are distinct, and say nothing of themselves", "[canary]") {
  const CanaryManifest manifest = invent("door_code", {.count = 400, .controls = 100, .seed = 5});
  std::set<std::string> secrets, prefixes, ids;
  for (const Canary& canary : manifest.canaries) {
    CHECK(secrets.insert(std::string(canary.secret.reveal())).second);
    CHECK(prefixes.insert(std::string(canary.prefix.reveal())).second);
    CHECK(ids.insert(canary.id).second);
    CHECK(manifest.space(canary.space)->contains(canary.secret.reveal()));
    CHECK(canary.prefix.reveal().find(canary.secret.reveal()) == std::string_view::npos);
  }
  CHECK(manifest.canaries.size() == 500);
}

TEST_CASE("tiers and templates share the canaries evenly", "[canary]") {
  auto templates = load_canary_templates("door_code");
  templates.push_back(load_canary_templates("api_key").front());
  const CanaryManifest manifest =
      invent_canaries(templates, {.count = 80, .controls = 20, .tiers = {1, 4, 16, 64}, .seed = 1});
  std::map<std::pair<std::string, std::int64_t>, int> cells;
  for (const Canary& canary : manifest.canaries) {
    ++cells[{canary.space, canary.repetitions}];
    CHECK(canary.control == (canary.repetitions == 0));
  }
  CHECK(cells.size() == 10);
  for (const auto& [cell, count] : cells) {
    CAPTURE(cell.first, cell.second);
    CHECK(count == 10);
  }
}

TEST_CASE("each canary has a coin of its own", "[canary]") {
  const CanaryManifest half = invent("api_key", {.count = 2000, .tiers = {1}, .seed = 3});
  const auto included = std::count_if(half.canaries.begin(), half.canaries.end(),
                                      [](const Canary& canary) { return canary.included; });
  // Binomial(2000, 1/2): beyond 1000 +- 100 with probability 1e-5; the seed is fixed.
  CHECK(included > 900);
  CHECK(included < 1100);
  // More canaries do not change the coins or secrets of those before them.
  const CanaryManifest fewer = invent("api_key", {.count = 100, .tiers = {1}, .seed = 3});
  for (std::size_t i = 0; i < fewer.canaries.size(); ++i) {
    CHECK(fewer.canaries[i].included == half.canaries[i].included);
    CHECK(fewer.canaries[i].secret == half.canaries[i].secret);
  }
  const double inclusion = GENERATE(0.0, 1.0);
  for (const Canary& canary :
       invent("api_key", {.count = 50, .controls = 50, .inclusion = inclusion}).canaries) {
    CHECK(canary.included == (inclusion == 1.0 && !canary.control));
  }
}

TEST_CASE("the training lines hold what is included, as often as its tier says", "[canary]") {
  const CanaryManifest manifest =
      invent("phone", {.count = 40, .controls = 40, .tiers = {1, 3}, .seed = 11});
  std::map<std::string, std::int64_t> lines;
  for (const std::string& line : training_lines(manifest)) ++lines[line];
  std::size_t expected = 0;
  for (const Canary& canary : manifest.canaries) {
    const auto at = lines.find(text_of(canary) + canary.suffix);
    CHECK((at != lines.end()) == canary.included);
    if (canary.included) {
      ++expected;
      CHECK(at->second == canary.repetitions);
    }
  }
  CHECK(lines.size() == expected);
  CHECK(lines.begin()->first.find(" in the evening.") != std::string::npos);
}

TEST_CASE("the training lines are shuffled", "[canary]") {
  const CanaryManifest manifest =
      invent("api_key", {.count = 20, .tiers = {50}, .inclusion = 1.0, .seed = 2});
  const auto lines = training_lines(manifest);
  std::size_t same = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) same += lines[i] == lines[i - 1] ? 1U : 0U;
  // 999 neighbours, equal with probability 49/999 each: 49 on average, 980 if not shuffled.
  CHECK(same < 120);
}

TEST_CASE("a manifest comes back as it was written", "[canary]") {
  const CanaryManifest manifest = invent("record", {.count = 9,
                                                    .controls = 3,
                                                    .tiers = {1, 8},
                                                    .inclusion = 0.25,
                                                    .seed = 18'446'744'073'709'551'615ULL});
  const std::string text = write_canaries(manifest);
  const TemporaryFolder folder;
  folder.write("manifest.json", text);
  std::string bytes;
  const CanaryManifest read = read_canaries(folder.path(), &bytes);
  CHECK(bytes == text);
  CHECK(write_canaries(read) == text);
  CHECK(write_canaries(read_canaries(folder.path() + "/manifest.json")) == text);
  CHECK(read.seed == manifest.seed);
  CHECK(read.inclusion == 0.25);
  CHECK(training_lines(read) == training_lines(manifest));
}

TEST_CASE("another seed gives other secrets, the same seed the same", "[canary]") {
  const auto at = [](std::uint64_t seed) {
    return write_canaries(invent("door_code", {.count = 8, .seed = seed}));
  };
  CHECK(at(1) == at(1));
  CHECK(at(1) != at(2));
  const CanaryManifest one = invent("api_key", {.count = 8, .seed = 1});
  const CanaryManifest two = invent("api_key", {.count = 8, .seed = 2});
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK_FALSE(one.canaries[i].secret == two.canaries[i].secret);
  }
}

TEST_CASE("a damaged manifest is refused, and its secrets are not quoted", "[canary]") {
  const auto [pointer, value, message] = GENERATE(table<std::string, nlohmann::json, std::string>({
      {"/schema", "souvenir/canaries/2", "/schema"},
      {"/seed", 5, "/seed"},
      {"/seed", "18446744073709551616", "/seed"},
      {"/seed", "-1", "/seed"},
      {"/seed", "", "/seed"},
      {"/inclusion", 1.5, "/inclusion"},
      {"/tiers", nlohmann::json::array(), "/tiers"},
      {"/tiers/0", 0, "/tiers"},
      {"/extra", 1, "/extra: unknown key"},
      {"/templates/0/size", 10, "/templates/0/size"},
      {"/templates/0/log2_size", 10, "/templates/0/log2_size"},
      {"/templates/0/secret", "{digits:6}", "/templates/0/size"},
      {"/canaries/0/secret", "secretary", "is not a member"},
      {"/canaries/0/template", "phone", "is none of the templates"},
      {"/canaries/0/repetitions", 0, "/canaries/0/repetitions"},
      {"/canaries/0/id", "control-000001", "an id stands there twice"},
      {"/canaries/0/id", "", "/canaries/0/id"},
      {"/canaries/1/included", true, "a control is held out"},
      {"/canaries/1/repetitions", 2, "a control is held out"},
      {"/canaries/1/note", "secretary", "/canaries/1/note: unknown key"},
      {"/canaries/0/prefix", "", "/canaries/0/prefix"},
  }));
  CAPTURE(pointer);
  const std::string text = manifest_with(pointer, value);
  CHECK_THROWS_WITH(parse_canaries(text, "test"),
                    Catch::Contains(message) && !Catch::Contains("secretary"));
  CHECK_THROWS_AS(parse_canaries(text, "test"), Error);
}

TEST_CASE("a secret that stands there twice is refused", "[canary]") {
  auto json = nlohmann::json::parse(manifest_with("/seed", "1"));
  json["canaries"][1]["secret"] = json["canaries"][0]["secret"];
  CHECK_THROWS_WITH(parse_canaries(json.dump(), "test"),
                    Catch::Contains("secret stands there twice"));
}

TEST_CASE("a space or prefixes that are too few are refused", "[canary]") {
  const auto templates = [](const std::string& prefix, const std::string& secret) {
    return std::vector<CanaryTemplate>{{"t", "text", prefix, secret, ""}};
  };
  CHECK_THROWS_WITH(invent_canaries(templates("{person}: ", "{digits:1}"), {.count = 6}),
                    Catch::Contains("at most half"));
  CHECK_NOTHROW(invent_canaries(templates("{person}: ", "{digits:1}"), {.count = 5}));
  CHECK_THROWS_WITH(invent_canaries(templates("the same: ", "{digits:5}"), {.count = 2}),
                    Catch::Contains("different prefixes"));
  CHECK_NOTHROW(invent_canaries(templates("the same: ", "{digits:5}"), {.count = 1}));
  // What stands in the prefix by chance is drawn again; what always does is refused.
  for (const Canary& canary :
       invent_canaries(templates("{digits:6}: ", "{digits:1}"), {.count = 5, .seed = 9}).canaries) {
    CHECK(canary.prefix.reveal().find(canary.secret.reveal()) == std::string_view::npos);
  }
  CHECK_THROWS_AS(invent("phone", {.count = 0}), Error);
  CHECK_THROWS_AS(invent("phone", {.count = 4, .tiers = {0}}), Error);
  CHECK_THROWS_AS(invent("phone", {.count = 4, .tiers = {4, 4}}), Error);
  CHECK_THROWS_AS(invent("phone", {.count = 4, .tiers = {}}), Error);
}

TEST_CASE("the commitment binds the manifest and tells no secret", "[canary]") {
  const CanaryManifest manifest = invent("door_code", {.count = 40, .controls = 10, .seed = 77});
  const std::string text = write_canaries(manifest);
  const std::string commitment = write_commitment(manifest, text);
  const auto json = nlohmann::json::parse(commitment);
  CHECK(json.at("manifest_sha256") == hex(sha256(text)));
  CHECK(json.at("canaries") == 40);
  CHECK(json.at("controls") == 10);
  CHECK(json.at("canaries_by_tier").at("16") == 10);
  CHECK_FALSE(json.contains("seed"));
  for (const Canary& canary : manifest.canaries) {
    CHECK(commitment.find(canary.prefix.reveal()) == std::string::npos);
    // Five digits can stand in a hash by chance; as a value of their own they must not.
    CHECK(commitment.find("\"" + std::string(canary.secret.reveal()) + "\"") == std::string::npos);
  }
}

TEST_CASE("the built-in templates fit the published schema", "[canary]") {
  auto templates = nlohmann::json::parse(
      read_file(std::string(SOUVENIR_SOURCE_DIR) + "/configs/canary_templates.json", 1U << 20U));
  const auto accepts = [&] {
    return tests::fits_schema("canary_templates.schema.json", templates);
  };
  CHECK(accepts());
  const auto [pointer, value] = GENERATE(table<std::string, nlohmann::json>({
      {"/schema", "other"},
      {"/templates", nlohmann::json::array()},
      {"/templates/0/id", "Door"},
      {"/templates/0/prefix", ""},
      {"/templates/0/secret", "nothing"},
      {"/templates/0/secret", 5},
      {"/templates/0/colour", "red"},
  }));
  CAPTURE(pointer);
  templates[nlohmann::json::json_pointer(pointer)] = value;
  CHECK_FALSE(accepts());
  CHECK_THROWS_AS(parse_canary_templates(templates.dump(), "test"), Error);
}

TEST_CASE("an unknown template is refused with the nearest", "[canary]") {
  CHECK_THROWS_WITH(load_canary_templates("dor_code"), Catch::Contains("door_code"));
  CHECK_THROWS_AS(load_canary_templates("./missing.json"), Error);
}
