#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "harness/error.h"
#include "harness/evidence/json.h"
#include "harness/evidence/sensitive.h"
#include "tests/support/sample_audit.h"

namespace souvenir {
namespace {

using nlohmann::json;

// What a subject said has no way out of the program but reveal().
static_assert(!std::is_constructible_v<json, Sensitive>);
static_assert(!std::is_convertible_v<Sensitive, std::string>);
static_assert(!std::is_convertible_v<Sensitive, std::string_view>);

Error failure(const json& document) {
  try {
    evidence_from_json(document.dump());
  } catch (const Error& error) {
    return error;
  }
  FAIL("expected an error");
  return {ErrorKind::usage, ""};
}

json without(json document, const json::json_pointer& at) {
  document.at(at.parent_pointer()).erase(at.back());
  return document;
}

TEST_CASE("evidence comes back from its JSON without loss", "[evidence]") {
  const Evidence sample = tests::sample_evidence();
  const std::string text = canonical_json(to_json(sample));
  const Evidence read = evidence_from_json(text);
  CHECK(canonical_json(to_json(read)) == text);
  CHECK(read.findings.size() == sample.findings.size());
  CHECK(read.findings[0].controls[0].difference->p_value ==
        sample.findings[0].controls[0].difference->p_value);
  CHECK(read.findings[0].caveats[1].text == sample.findings[0].caveats[1].text);
  CHECK(read.threat_model == sample.threat_model);
}

TEST_CASE("context, demonstration and curve come back from JSON without loss", "[evidence]") {
  Evidence e = tests::sample_evidence();
  e.context = tests::sample_context();
  e.demo = tests::sample_demo();
  e.findings[0].curve = {{0, 0}, {0.001, 0.25}, {0.001, 0.5}, {1, 1}};
  const std::string text = canonical_json(to_json(e));
  const Evidence read = evidence_from_json(text);
  CHECK(canonical_json(to_json(read)) == text);
  REQUIRE(read.context);
  CHECK(read.context->operator_name == e.context->operator_name);
  CHECK(read.context->mitigations[1].finding == "personal_data/exposed_rate/all");
  REQUIRE(read.demo);
  CHECK(read.demo->rows[3].holds == false);
  CHECK_FALSE(read.demo->rows[2].holds);
  CHECK(read.findings[0].curve[2].true_positive_rate == 0.5);
  CHECK(read.findings[1].curve.empty());
  const json none = to_json(tests::sample_evidence());
  CHECK((none["context"].is_null() && none["demo"].is_null()));
  CHECK(none["findings"][0]["curve"].is_null());
}

TEST_CASE("an adapter comes back from JSON without loss", "[evidence]") {
  Evidence e = tests::sample_evidence();
  e.adapter = {.kind = "DoRA",
               .rank = 4,
               .alpha = 8.5,
               .weights = 12,
               .whole = 2,
               .files = {},
               .sha256 = std::string(64, 'a')};
  const std::string text = canonical_json(to_json(e));
  const Evidence read = evidence_from_json(text);
  CHECK(canonical_json(to_json(read)) == text);
  REQUIRE(read.adapter);
  CHECK((read.adapter->weights == 12 && read.adapter->whole == 2));
}

TEST_CASE("a curve that falls, leaves the unit square or has too many points is none",
          "[evidence]") {
  using Curve = std::vector<CurvePoint>;
  const auto [curve, fault] = GENERATE(table<Curve, std::string>({
      {{{0.5, 0}, {0.4, 1}}, "do not fall"},
      {{{0, 0.5}, {1, 0.4}}, "do not fall"},
      {{{0, 0}, {1.5, 1}}, "do not fall"},
      {{{-0.1, 0}, {1, 1}}, "do not fall"},
      {Curve(kMaxCurvePoints + 1), "at most 64 points, found 65"},
  }));
  Evidence e = tests::sample_evidence();
  e.findings[0].curve = curve;
  CHECK_THROWS_WITH(to_json(e), Catch::Contains(fault));
  json written = to_json(tests::sample_evidence());
  for (const CurvePoint& point : curve) {
    written["findings"][0]["curve"].push_back(
        {point.false_positive_rate, point.true_positive_rate});
  }
  const Error error = failure(written);
  CHECK(error.kind() == ErrorKind::integrity);
  CHECK_THAT(error.what(), Catch::Contains("/findings/0/curve") && Catch::Contains(fault));
}

TEST_CASE("a seed that no double holds comes back exactly", "[evidence]") {
  Evidence e = tests::sample_evidence();
  e.seed = GENERATE(std::uint64_t{0}, (std::uint64_t{1} << 53) - 1, std::uint64_t{1} << 53,
                    ~std::uint64_t{0});
  CHECK(evidence_from_json(canonical_json(to_json(e))).seed == e.seed);
}

TEST_CASE("a suppressed finding takes no number and no word with it", "[evidence]") {
  Finding finding =
      tests::sample_rate({"verbatim_rate", {}}, {"kind", std::string("iban")}, 3, 4, 0);
  finding.outcome = Outcome::contradicted;
  finding.ambiguous = 1;
  finding.caveats = {{"straddling", "1 string", 1}};
  finding.curve = {{0, 0}, {0, 0.25}, {1, 1}};
  finding.suppressed = true;
  Evidence e;
  e.findings = {finding};
  const json written = to_json(e)["findings"][0];
  CHECK(written["outcome"] == "inconclusive");
  CHECK(written["estimate"]["reason"] == "suppressed: fewer than 5 strings");
  for (const auto& [key, value] : written["estimate"].items()) {
    CAPTURE(key);
    CHECK((key == "level" || !value.is_number()));
  }
  CHECK(written["minimum_detectable"].is_null());
  CHECK(written["ambiguous"].is_null());
  CHECK(written["caveats"].empty());
  CHECK(written["curve"].is_null());
  CHECK(written["controls"][0]["rate"].is_null());
  CHECK(written["controls"][0]["reason"] == "suppressed: fewer than 5 strings");

  // Over everything that was asked, a hit stays a hit.
  e.findings[0].stratum = {};
  CHECK(to_json(e)["findings"][0]["outcome"] == "contradicted");
  CHECK(to_json(e)["findings"][0]["estimate"]["count"].is_null());
}

TEST_CASE("evidence is read when only the fields of the contract are there", "[evidence]") {
  const std::string text = R"({"schema":"souvenir/evidence/1","tool":{"name":"x","version":"1"},
    "run":{},"object":{"model":{"architecture":"gpt2","files":[]},"tokenizer":{"bos":true},
    "reference":null,"adapter":null},"protocol":{"suite":{"name":"s","sha256":""},"seed":1,
    "threat_model":{},"near_tie_delta":0,"inputs":[],"deviations":["a plain sentence"]},
    "findings":[{"id":"p/m[n=10,p=0.5]/kind=email","probe":{"name":"p","version":"1"},
      "metric":{"name":"m","params":{"n":10,"p":0.5}},"stratum":{"kind":"email"},"arm":"model",
      "outcome":"inconclusive","outcome_reason":"too few","estimate":{"value":0.25,"count":1,"n":4,
      "low":null},"controls":[],"minimum_detectable":null,"caveats":["plain"],"tomorrow":{"x":1}},
      {"id":"p/m/member=no","probe":{"name":"p","version":"1"},"metric":{"name":"m","params":{}},
      "stratum":{"member":"no"},"outcome":"not_applicable","outcome_reason":"",
      "estimate":{"value":null,"reason":"none"}}],
    "criteria":[],"coverage":{"not_run":[{"what":"x","why":"y"}],"requests":4,"scored_tokens":9,
    "left_out":[]},"gate":null})";
  const Evidence e = evidence_from_json(text);
  REQUIRE(e.findings.size() == 2);
  CHECK(finding_id(e.findings[0]) == "p/m[n=10,p=0.5]/kind=email");
  CHECK(e.findings[0].caveats[0].text == "plain");
  CHECK(e.findings[0].estimate.value == 0.25);
  CHECK_FALSE(e.findings[0].is_control);
  CHECK(e.findings[1].is_control);
  CHECK(e.deviations[0].text == "a plain sentence");
  CHECK(e.not_run[0].why.text == "y");
  CHECK(e.tokenizer.bos == "true");
}

TEST_CASE("a field of the wrong type is named by its pointer", "[evidence]") {
  const json good = to_json(tests::sample_evidence());
  const auto [pointer, value, expected] = GENERATE(table<std::string, json, std::string>({
      {"/findings", json(5), "expected an array, found number"},
      {"/findings/3", json("x"), "expected an object, found string"},
      {"/findings/0/estimate/value", json("0.5"), "expected a number, found string"},
      {"/findings/0/estimate/n", json(-1), "expected a count, found a negative number"},
      {"/findings/0/estimate/n", json(1.5), "expected an integer"},
      {"/findings/0/estimate/sides", json("three"), "expected \"one\" or \"two\""},
      {"/findings/0/outcome", json("passed"), "expected one of the six outcomes"},
      {"/findings/1/controls/0/passed", json(1), "expected true or false, found number"},
      {"/findings/1/stratum/kind", json::array(), "expected a number, found array"},
      {"/object/model/files/0/bytes", json("many"), "expected a number, found string"},
      {"/protocol/seed", json("seven"), "expected an unsigned 64-bit number"},
      {"/protocol/seed", json("18446744073709551616"), "expected an unsigned 64-bit number"},
      {"/coverage/left_out/0/reason", json(1), "expected a string, found number"},
      {"/criteria/0/outcome", json(nullptr), "expected a value, found null"},
  }));
  CAPTURE(pointer);
  json bad = good;
  bad.at(json::json_pointer(pointer)) = value;
  const Error error = failure(bad);
  CHECK(error.kind() == ErrorKind::integrity);
  CHECK_THAT(error.what(),
             Catch::Contains("evidence: " + pointer + ": ") && Catch::Contains(expected));
}

TEST_CASE("evidence without what a gate lives on is refused", "[evidence]") {
  const json good = to_json(tests::sample_evidence());
  const std::string pointer =
      GENERATE(as<std::string>(), "/findings", "/findings/0/probe", "/findings/0/metric",
               "/findings/0/outcome", "/findings/0/estimate", "/findings/0/probe/name");
  const Error error = failure(without(good, json::json_pointer(pointer)));
  CHECK(error.kind() == ErrorKind::integrity);
  CHECK_THAT(error.what(), Catch::Contains(pointer + ": expected a value, found nothing"));
}

TEST_CASE("another document is the caller's mistake, a damaged one is not", "[evidence]") {
  CHECK(failure(json::array()).kind() == ErrorKind::input);
  CHECK(failure(json{{"schema", "souvenir/policy/1"}}).kind() == ErrorKind::input);
  CHECK(failure(json{{"findings", json::array()}}).kind() == ErrorKind::input);
  const std::string text = canonical_json(to_json(tests::sample_evidence()));
  try {
    evidence_from_json(text.substr(0, text.size() / 2));
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::integrity);
  }
}

TEST_CASE("a stratum is text, a number, true or false, as the subjects file says", "[evidence]") {
  Evidence e = tests::sample_evidence();
  e.findings.resize(2);
  e.findings[0].stratum = {"minor", true};
  e.findings[1].stratum = {"minor", false};
  const json document = to_json(e);
  CHECK(document["findings"][0]["stratum"] == json{{"minor", true}});
  CHECK(document["findings"][1]["stratum"] == json{{"minor", false}});
  CHECK(document["findings"][0]["id"] == "discoverable_extraction/verbatim_rate/minor=true");
  const Evidence read = evidence_from_json(canonical_json(document));
  CHECK(read.findings[0].stratum.value == ParamValue(true));
  CHECK(canonical_json(to_json(read)) == canonical_json(document));
  // Evidence that says it in words is about the same strings.
  json words = document;
  words["findings"][0]["stratum"]["minor"] = "true";
  const Evidence said = evidence_from_json(canonical_json(words));
  CHECK(finding_id(said.findings[0]) == finding_id(read.findings[0]));
}

TEST_CASE("a finding's id is derived from what it is", "[evidence]") {
  Finding f;
  f.probe = "discoverable_extraction";
  f.metric = {"verbatim_rate", {}};
  CHECK(finding_id(f) == "discoverable_extraction/verbatim_rate/all");
  f.metric = {"extractable_rate", {{"p", 0.5}, {"n", std::int64_t{100}}, {"top_k", 1e21}}};
  f.stratum = {"repetitions", std::int64_t{16}};
  CHECK(finding_id(f) ==
        "discoverable_extraction/extractable_rate[n=100,p=0.5,top_k=1e+21]/repetitions=16");
  // A double that is a whole number and the integer are one value.
  f.metric.params[1].second = 100.0;
  CHECK(finding_id(f) ==
        "discoverable_extraction/extractable_rate[n=100,p=0.5,top_k=1e+21]/repetitions=16");
  f.metric = {"m", {}};
  f.stratum = {"a/b", std::string("x=1, [50%] *\té~")};
  CHECK(finding_id(f) == "discoverable_extraction/m/a%2Fb=x%3D1%2C%20%5B50%25%5D%20%2A%09%C3%A9~");
}

}  // namespace
}  // namespace souvenir
