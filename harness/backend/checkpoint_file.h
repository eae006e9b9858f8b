#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/digest.h"
#include "harness/types.h"

namespace souvenir {

// A file of a checkpoint, read once from its first byte to its last, and digested on the way.
//
// Opens only regular files inside the checkpoint. A symbolic link is followed only if its target
// stays there, or in the same Hugging Face cache: snapshots/REVISION/name -> ../../blobs/DIGEST.
// Owns the file descriptor. Not thread-safe.
class CheckpointFile {
 public:
  // Errors  input: no such file, a name outside [A-Za-z0-9._-] or with a leading dot, a link that
  //         leads outside, something that is no regular file, not readable
  CheckpointFile(const std::filesystem::path& directory, const std::string& name);
  ~CheckpointFile();
  CheckpointFile(const CheckpointFile&) = delete;
  CheckpointFile& operator=(const CheckpointFile&) = delete;

  const std::string& name() const { return name_; }

  // What messages call the file: the path as the user gave it.
  const std::string& label() const { return label_; }

  std::uint64_t size_bytes() const { return identity_.size; }

  // Reads the next `bytes` bytes.
  //
  // Errors  input: the file became shorter; resource: the device failed
  void read(void* to, std::size_t bytes);

  // Reads bytes of which a header must be known before reading begins. They are read again, and
  // digested, in their turn.
  //
  // Errors  as read
  void peek(std::uint64_t offset, void* to, std::size_t bytes) const;

  // How many bytes have been read.
  std::uint64_t position() const { return position_; }

  // Says whether the file is still the one that was opened.
  //
  // Errors  input: it changed, or was replaced
  void require_unchanged() const;

  // Ends the reading. Everything must have been read.
  //
  // Errors  input: the file changed, or was replaced, while it was read
  FileDigest finish();

 private:
  // What would change if the file were written to or replaced.
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_s = 0;
    std::int64_t modified_ns = 0;

    bool operator==(const Identity&) const = default;
  };

  static Identity identity_of(const struct stat& status);

  std::string name_;
  std::string label_;
  std::filesystem::path target_;  // where the link, if it is one, leads
  int descriptor_ = -1;
  Identity identity_;
  std::uint64_t position_ = 0;
  Sha256 digest_;
};

// Says whether the directory has an entry of this name, of whatever kind.
bool has_entry(const std::filesystem::path& directory, const std::string& name);

// A small file, whole.
struct SmallFile {
  std::string text;
  FileDigest digest;
};

// Errors  as CheckpointFile; input: larger than `max_bytes`
SmallFile read_small_file(const std::filesystem::path& directory, const std::string& name,
                          std::uint64_t max_bytes);

}  // namespace souvenir
