#pragma once

#include <memory>

#include "harness/backend/tokenizer/json_fields.h"
#include "harness/backend/tokenizer/model.h"
#include "harness/backend/tokenizer/tokenizer_file.h"

namespace souvenir::tokenizing {

// A model, and the name of its kind.
struct NamedModel {
  std::unique_ptr<Model> model;
  const char* kind = "";
};

// Reads the model of a tokenizer.json: `fields` is its object without the tables.
//
// Errors  input: not supported (by name), or malformed
NamedModel read_model(const Fields& fields, const ModelTables& tables);

}  // namespace souvenir::tokenizing
