#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/backend/checkpoint_file.h"

namespace souvenir {

// Bytes of a file inside an archive that is kept as it is.
struct ZipEntry {
  std::uint64_t begin = 0;  // from the start of the archive
  std::uint64_t end = 0;
};

// Reads the directory of an untrusted zip archive as torch.save writes it: every entry stored, not
// compressed, large files in their 64-bit form, nothing behind the directory. Every size and offset
// is checked against the file before it is used.
//
// Returns  the entries by name
// Errors   input: not a zip archive; compressed, encrypted or split; an entry twice, outside the
//          file or over another; more than 1,000,000 entries
std::map<std::string, ZipEntry> read_zip_directory(const CheckpointFile& file);

}  // namespace souvenir
