#pragma once

#include "harness/error.h"

namespace souvenir::cli {

inline constexpr int kExitComplete = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitGateFailed = 3;
inline constexpr int kExitInconclusive = 4;
inline constexpr int kExitIntegrity = 5;

constexpr int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::input:
      return kExitUsage;
    case ErrorKind::integrity:
      return kExitIntegrity;
    case ErrorKind::internal:
    case ErrorKind::resource:
      break;
  }
  return kExitFailure;
}

constexpr const char* exit_code_help() {
  return "Exit codes: 0 complete and passed; 1 internal or resource (memory, disk, device); 2 "
         "usage\n"
         "or input; 3 gate failed; 4 gate inconclusive; 5 integrity (digest, damaged journal or\n"
         "evidence, leak found); 130 and 143 interrupted, can be resumed.";
}

}  // namespace souvenir::cli
