#include "reports/junit.h"

#include <cstdint>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>

#include "reports/gate_text.h"

namespace souvenir {
namespace {

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t bytes = 0;  // 0: not valid UTF-8 here
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return {};
  std::uint32_t code_point = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code_point = code_point << 6 | (byte(i) & 0x3FU);
  }
  const bool overlong = (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
  return overlong ? Decoded{} : Decoded{code_point, size};
}

// The characters XML 1.0 allows.
bool allowed(std::uint32_t c) {
  return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

std::string xml_text(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (next.bytes > 0 && allowed(next.code_point)) clean += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes > 0 ? next.bytes : 1);
  }
  return clean;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

struct Totals {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;

  void write(pugi::xml_node node) const {
    set(node, "tests", std::to_string(tests));
    set(node, "failures", std::to_string(failures));
    set(node, "errors", std::to_string(errors));
    set(node, "skipped", std::to_string(skipped));
  }
};

pugi::xml_node add_case(pugi::xml_node suite, const std::string& limit, const std::string& name) {
  pugi::xml_node test = suite.append_child("testcase");
  set(test, "classname", limit);
  set(test, "name", name);
  return test;
}

void add_check(pugi::xml_node suite, const GateResult& result, const GateCheck& check,
               Totals& totals) {
  const Limit& limit = result.policy.limits.at(check.limit);
  std::string name = check.finding.empty() ? "(fits no finding)" : check.finding;
  if (check.arm == "system") name += " (system)";
  pugi::xml_node test = add_case(suite, limit.finding, name);
  ++totals.tests;
  const std::string text = explain_check(check);
  if (check.waived()) {
    const Waiver& waiver = result.policy.waivers.at(*check.waiver);
    ++totals.skipped;
    set(test.append_child("skipped"), "message",
        "waived until " + waiver.expires + " (" + std::string(verdict_name(check.verdict)) +
            "): " + text);
  } else if (check.verdict == Verdict::pass) {
    test.append_child("system-out").text().set(xml_text(text).c_str());
  } else {
    const bool failed = check.verdict == Verdict::fail;
    ++(failed ? totals.failures : totals.errors);
    pugi::xml_node node = test.append_child(failed ? "failure" : "error");
    set(node, "type", std::string(verdict_name(check.verdict)));
    set(node, "message", text);
  }
}

}  // namespace

std::string junit_xml(const GateResult& result) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("testsuites");
  pugi::xml_node suite = root.append_child("testsuite");
  set(suite, "name", "souvenir gate");
  Totals totals;
  for (const GateCheck& check : result.checks) add_check(suite, result, check, totals);
  for (std::size_t i = 0; i < result.waivers.size(); ++i) {
    if (!result.waivers[i].expired) continue;
    const Waiver& waiver = result.policy.waivers.at(i);
    pugi::xml_node failure = add_case(suite, "waiver", waiver.finding).append_child("failure");
    set(failure, "type", "expired waiver");
    set(failure, "message", "the waiver expired on " + waiver.expires);
    ++totals.tests;
    ++totals.failures;
  }
  if (result.policy.limits.empty()) {  // a suite without a test would be green
    pugi::xml_node error = add_case(suite, "policy", "limits").append_child("error");
    set(error, "type", "inconclusive");
    set(error, "message", "the policy has no limit");
    ++totals.tests;
    ++totals.errors;
  }
  totals.write(root);
  totals.write(suite);
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace souvenir
