#pragma once

#include <nlohmann/json.hpp>

namespace souvenir::tokenizing {

// Parts of a tokenizer.json that other files stand for.

// How Qwen 2 and 3 cut texts, in normal form C.
inline constexpr const char* kQwen2Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// Spells bytes as characters.
//
//   prefix  puts a space in front of a text
//   trims   leaves white space out of offsets
//   cuts    by GPT-2's pattern first
inline nlohmann::json byte_level_step(bool prefix, bool trims, bool cuts) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", prefix},
          {"trim_offsets", trims},
          {"use_regex", cuts}};
}

}  // namespace souvenir::tokenizing
