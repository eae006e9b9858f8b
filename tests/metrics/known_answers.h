#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

// Reads one group of the known-answer vectors (tests/kat/extraction.json): every number there was
// computed with 25 to 50 digits or as an exact fraction, by nothing of ours.
inline nlohmann::json known_answers(const std::string& group) {
  std::ifstream file(SOUVENIR_SOURCE_DIR "/tests/kat/extraction.json");
  if (!file) throw std::runtime_error("tests/kat/extraction.json: cannot be read");
  const nlohmann::json groups = nlohmann::json::parse(file);
  if (groups.at(group).empty()) throw std::runtime_error("no known answers in " + group);
  return groups.at(group);
}

// The vectors hold exact inputs as strings: decimals, and fractions such as "2/5".
inline double exact(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string text = value.get<std::string>();
  const auto slash = text.find('/');
  if (slash == std::string::npos) return std::stod(text);
  return std::stod(text.substr(0, slash)) / std::stod(text.substr(slash + 1));
}

inline Approx near(double expected) { return Approx(expected).epsilon(1e-9).margin(0.0); }
