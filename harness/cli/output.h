#pragma once

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace souvenir::cli {

// A stream that rows are written to: a file, or standard output for "-" or nothing. Every write
// error becomes an Error.
class RowWriter {
 public:
  // Errors  resource: the file cannot be created
  explicit RowWriter(const std::string& path);
  ~RowWriter();
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  // Errors  resource: a full disk, a closed pipe
  void line(std::string_view text);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One file to be put into place.
struct OutputFile {
  std::filesystem::path path;
  std::string bytes;
  bool is_private = false;  // mode 0600 from the start
};

// Writes every file beside its final name, flushes it to the disk, and only then renames all of
// them: nothing half-written is ever left under a final name.
//
// Errors  resource: names the file and the cause
void publish(const std::vector<OutputFile>& files);

// Writes a private file unless it is there, whole or not at all, and returns what then stands in
// it: of several processes that do this at once, on one machine or on many, all return the bytes of
// one.
//
// Errors  resource
std::string write_once(const std::filesystem::path& path, std::string_view bytes);

// Creates a folder that only its owner may enter (mode 0700).
//
// Errors  resource
void make_private_folder(const std::filesystem::path& path);

}  // namespace souvenir::cli
