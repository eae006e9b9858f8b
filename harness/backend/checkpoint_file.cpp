#include "harness/backend/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/backend/config.h"
#include "harness/error.h"

namespace souvenir {

namespace {

namespace fs = std::filesystem;

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Returns the directory that links of a checkpoint may not leave.
fs::path root_of(const fs::path& directory) {
  const bool is_cache = directory.parent_path().filename() == "snapshots";
  return is_cache ? directory.parent_path().parent_path() : directory;
}

bool is_inside(const fs::path& path, const fs::path& root) {
  const auto [at, unused] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return at == root.end();
}

// Returns the file behind a name, with every link resolved.
fs::path resolve(const fs::path& directory, const std::string& name, const std::string& label) {
  std::error_code failed;
  const fs::path base = fs::canonical(directory, failed);
  if (failed) {
    throw Error(ErrorKind::input, directory.string() + ": " + failed.message());
  }
  const fs::path target = fs::canonical(base / name, failed);
  if (failed) {
    throw Error(
        ErrorKind::input,
        label + ": " +
            (failed == std::errc::no_such_file_or_directory ? "no such file" : failed.message()));
  }
  if (!is_inside(target, root_of(base))) {
    throw Error(ErrorKind::input, label +
                                      ": a link that leads out of the checkpoint; expected a "
                                      "file, or a link into the same Hugging Face cache");
  }
  return target;
}

}  // namespace

CheckpointFile::CheckpointFile(const fs::path& directory, const std::string& name)
    : name_(name), label_((directory / name).string()) {
  if (!is_plain_name(name)) {
    throw Error(ErrorKind::input, directory.string() + ": file name " + in_quotes(name) +
                                      ": expected only A-Z a-z 0-9 . _ - and no leading dot");
  }
  target_ = resolve(directory, name, label_);
  // Not blocking, so that a pipe put in a file's place is refused instead of waited for.
  descriptor_ = ::open(target_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor_ < 0) {
    const ErrorKind kind =
        errno == EMFILE || errno == ENFILE ? ErrorKind::resource : ErrorKind::input;
    throw Error(kind, label_ + ": " + std::strerror(errno));
  }
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw Error(ErrorKind::input, label_ + ": expected a regular file");
  }
  identity_ = identity_of(status);
}

CheckpointFile::~CheckpointFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

CheckpointFile::Identity CheckpointFile::identity_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_s = status.st_mtim.tv_sec,
          .modified_ns = status.st_mtim.tv_nsec};
}

void CheckpointFile::read(void* to, std::size_t bytes) {
  peek(position_, to, bytes);
  position_ += bytes;
  digest_.update({static_cast<const char*>(to), bytes});
}

void CheckpointFile::peek(std::uint64_t offset, void* to, std::size_t bytes) const {
  char* const begin = static_cast<char*>(to);
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got =
        ::pread(descriptor_, begin + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      throw Error(ErrorKind::resource, label_ + ": reading failed: " + std::strerror(errno));
    }
    if (got == 0) {
      throw Error(ErrorKind::input, label_ + ": ends at byte " + std::to_string(offset + done) +
                                        " of " + std::to_string(identity_.size) +
                                        ": it changed while it was read");
    }
    done += static_cast<std::size_t>(got);
  }
}

void CheckpointFile::require_unchanged() const {
  // By path, not by descriptor: a file put in this one's place has changed the checkpoint, too.
  struct stat status = {};
  if (::stat(target_.c_str(), &status) != 0 || identity_of(status) != identity_) {
    throw Error(ErrorKind::input, label_ + ": changed while it was read");
  }
}

FileDigest CheckpointFile::finish() {
  if (position_ != identity_.size) {
    throw Error(ErrorKind::internal, label_ + ": was not read to its end");
  }
  require_unchanged();
  return {.name = name_, .bytes = identity_.size, .sha256 = hex(digest_.finish())};
}

bool has_entry(const fs::path& directory, const std::string& name) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(directory / name, ignored));
}

SmallFile read_small_file(const fs::path& directory, const std::string& name,
                          std::uint64_t max_bytes) {
  CheckpointFile file(directory, name);
  if (file.size_bytes() > max_bytes) {
    throw Error(ErrorKind::input, file.label() + ": expected at most " + std::to_string(max_bytes) +
                                      " bytes, found " + std::to_string(file.size_bytes()));
  }
  SmallFile result;
  result.text.resize(file.size_bytes());
  file.read(result.text.data(), result.text.size());
  result.digest = file.finish();
  return result;
}

}  // namespace souvenir
