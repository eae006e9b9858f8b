#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"

namespace souvenir {

enum class Language { en, fr };

// What a reader may choose about a report; none of it changes what is said.
//
//   language         shown first; the other one is in the same file
//   evidence_sha256  digest of evidence.json, hexadecimal, printed so that a report on paper can be
//                    matched with its file; empty: not printed
struct ReportOptions {
  Language language = Language::en;
  std::string evidence_sha256;
};

// One format a report can be written in.
//
//   name       as in `-o NAME=FILE`
//   file_name  what the audit calls it
//   render     pure: the same evidence and options, the same bytes
struct ReportFormat {
  std::string_view name;
  std::string_view file_name;
  std::string_view description;
  std::string (*render)(const Evidence& evidence, const ReportOptions& options);
};

// Returns every format there is: the one table to add a row to.
std::span<const ReportFormat> report_formats();

// Renders evidence in the format called `name`.
//
// Errors  usage: no such format (the message lists those there are)
//         input: a format that needs a gate result, and evidence without one
std::string render_report(std::string_view name, const Evidence& evidence,
                          const ReportOptions& options);

}  // namespace souvenir
