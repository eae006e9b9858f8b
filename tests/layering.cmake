# Fails when a file includes what its layer may not see (design: dependency direction), when libtorch
# is included anywhere but in harness/backend/aten.h, or when a file outside tests/reveal_allowed.txt
# takes subject data out of a Sensitive.
#
#   cmake [-D ROOT=FOLDER] -P tests/layering.cmake

cmake_minimum_required(VERSION 3.25)
if(NOT DEFINED ROOT)
  get_filename_component(ROOT "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
endif()

# ---- the table: layer, its files, what it sees of ours, what it sees of others ------------------
# Files and own headers are regular expressions on paths from the root; the first row that matches a
# file is its layer. The two headers of error and value types stand below everything in harness.
set(types "harness/(error|types)\\.h")
set(metrics "metrics/")
set(evidence "harness/evidence/|${types}")
set(harness "harness/(identifiers/)?[^/]+\\.h")
set(tokenizer "harness/backend/tokenizer/|harness/backend/(config|gguf|gguf_file|checkpoint_file|stored_tensor)\\.h")
set(backend "harness/backend/")
set(layers)
function(layer files ours others)
  list(APPEND layers "${files}@${ours}@${others}")
  set(layers "${layers}" PARENT_SCOPE)
endfunction()
layer("metrics/" "${metrics}" "Eigen/|boost/")
layer("harness/evidence/|${types}" "${metrics}|${evidence}" "nlohmann/")
layer("harness/backend/aten\\.h" "$." "(torch|ATen|c10)/")
layer("harness/backend/tokenizer/" "${metrics}|${evidence}|${harness}|${tokenizer}"
  "nlohmann/|sentencepiece|pcre2\\.h|utf8proc\\.h")
layer("harness/backend/" "${metrics}|${evidence}|${harness}|${backend}" "nlohmann/|omp\\.h")
layer("harness/cli/" "metrics/|harness/|probes/|reports/" "nlohmann/|CLI/")
layer("harness/demo/" "${metrics}|${evidence}|${harness}|harness/demo/" "nlohmann/")
layer("harness/" "${metrics}|${evidence}|${harness}" "nlohmann/|valijson/|sqlite3\\.h|openssl/|zlib\\.h|utf8proc\\.h")
layer("probes/" "${metrics}|${evidence}|${harness}|probes/" "nlohmann/|re2/|edlib\\.h|zlib\\.h|divsufsort")
layer("reports/" "${metrics}|${evidence}|reports/" "nlohmann/|mustache\\.hpp|kainjow/|pugixml\\.hpp")
layer("tests/" "metrics/|harness/|probes/|reports/|tests/"
  "nlohmann/|catch2/|Eigen/|boost/|sqlite3\\.h|openssl/|valijson/|CLI/|pugixml\\.hpp|zlib\\.h|sentencepiece")
set(system "sys/|linux/|arpa/|netinet/|(unistd|fcntl|sched|stdlib|pthread|signal|poll|dlfcn|cpuid|immintrin|arm_neon|spawn|glob|ftw|termios|pwd|malloc)\\.h$")

set(faults "")
macro(fault text)
  string(APPEND faults "\n  ${text}")
endmacro()

# Checks one include line of `file` against its layer.
function(check_include file line)
  if(NOT line MATCHES "#[ \t]*include[ \t]*([<\"])([^>\"]+)")
    return()  # a macro or __has_include
  endif()
  set(form "${CMAKE_MATCH_1}")
  set(header "${CMAKE_MATCH_2}")
  foreach(row IN LISTS layers)
    string(REPLACE "@" ";" row "${row}")
    list(GET row 0 files)
    list(GET row 1 ours)
    list(GET row 2 others)
    if(file MATCHES "^(${files})")
      break()
    endif()
  endforeach()
  if(form STREQUAL "\"" OR header MATCHES "^(metrics|harness|probes|reports|tests)/")
    if(NOT header MATCHES "^(${ours})")
      fault("${file}: may not include \"${header}\"")
    endif()
  elseif(header MATCHES "[./]" AND NOT header MATCHES "^(${system}|${others})")
    fault("${file}: may not include <${header}>")
  endif()
  set(faults "${faults}" PARENT_SCOPE)
endfunction()

# ---- who may call reveal(): one file a line, then the reason ------------------------------------
file(STRINGS "${ROOT}/tests/reveal_allowed.txt" rows REGEX "^[^#]")
set(allowed)
foreach(row IN LISTS rows)
  if(row MATCHES "^([^ ]+) +[^ ]")
    list(APPEND allowed "${CMAKE_MATCH_1}")
  else()
    fault("tests/reveal_allowed.txt: expected a file and a reason, found: ${row}")
  endif()
endforeach()

set(revealing)
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/metrics/*.[hc]*" "${ROOT}/harness/*.[hc]*"
  "${ROOT}/probes/*.[hc]*" "${ROOT}/reports/*.[hc]*" "${ROOT}/tests/*.[hc]*")
list(FILTER files INCLUDE REGEX "\\.(h|cpp)$")
foreach(file IN LISTS files)
  file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS lines)
    check_include("${file}" "${line}")
  endforeach()
  # A call, not a mention in a comment.
  file(STRINGS "${ROOT}/${file}" calls REGEX "^([^/]|/[^/])*(\\.|->)reveal\\(\\)" LIMIT_COUNT 1)
  if(calls AND NOT file MATCHES "^tests/")
    list(APPEND revealing "${file}")
    if(NOT file IN_LIST allowed)
      fault("${file}: calls reveal() and is not in tests/reveal_allowed.txt")
    endif()
  endif()
endforeach()
foreach(file IN LISTS allowed)
  if(NOT file IN_LIST revealing)
    fault("tests/reveal_allowed.txt: ${file} does not call reveal()")
  endif()
endforeach()

list(LENGTH files count)
if(count EQUAL 0)
  fault("no source file found in ${ROOT}")
endif()
if(faults)
  message(FATAL_ERROR " layering:${faults}")
endif()
message(STATUS "layering: ${count} files, none includes what its layer may not see")
