// In a file of its own: the validator is all templates, and takes longest to compile of all tests.

#include "tests/support/published_schema.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace souvenir::tests {

std::vector<std::string> schema_faults(const std::string& name, const nlohmann::json& document) {
  std::ifstream file(SOUVENIR_SOURCE_DIR "/configs/" + name);
  if (!file) throw std::runtime_error("configs/" + name + ": cannot be read");
  const nlohmann::json text = nlohmann::json::parse(file);
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(document),
                                 &results);
  std::vector<std::string> faults;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    std::string place;
    for (const std::string& part : error.context) place += part;
    faults.push_back(place + ": " + error.description);
  }
  return faults;
}

}  // namespace souvenir::tests
