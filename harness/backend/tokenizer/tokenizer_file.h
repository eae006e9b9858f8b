#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/types.h"

namespace souvenir::tokenizing {

// A file's bytes, and its digest.
struct FileBytes {
  std::string bytes;
  FileDigest digest;
};

// Reads a regular file of at most `most` bytes. `name` is what it is called in errors and digests.
//
// Errors  input: not a regular file, or too large; resource: cannot be read
FileBytes read_file(const std::filesystem::path& path, const std::string& name, std::size_t most);

// A range of bytes in an arena.
struct ArenaText {
  std::size_t begin = 0;
  std::size_t size = 0;

  std::string_view in(std::string_view arena) const { return arena.substr(begin, size); }
};

// The large parts of a tokenizer.json, which would be slow and big as a tree.
//
//   vocabulary  model.vocab, when it is an object
//   scores      model.vocab, when it is an array of ["token", score]
//   merges      model.merges, in either form: "a b" or ["a", "b"]
struct ModelTables {
  struct Entry {
    ArenaText token;
    std::int64_t id = 0;
  };
  struct Merge {
    ArenaText left;
    ArenaText right;
  };

  struct Scored {
    ArenaText token;
    double score = 0;
  };

  std::string arena;
  std::vector<Entry> vocabulary;
  std::vector<Scored> scores;
  std::vector<Merge> merges;
  bool has_vocabulary = false;
  bool has_scores = false;
  bool has_merges = false;
};

// Parses a tokenizer.json without trust: duplicate keys, more than 64 levels, strings above 1 MiB
// and invalid UTF-8 are refused. The result lacks /model/vocab and /model/merges, which are in
// `tables`.
//
// Errors  input: what is wrong, by byte or JSON pointer
nlohmann::json parse_tokenizer_json(std::string_view bytes, ModelTables& tables);

}  // namespace souvenir::tokenizing
