#include "harness/cli/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "harness/config.h"
#include "harness/digest.h"
#include "harness/error.h"

namespace souvenir::cli {

namespace {

constexpr std::uint64_t kMaxOnceBytes = std::uint64_t{1} << 20U;

[[noreturn]] void fail(const std::string& what, int code) {
  throw Error(ErrorKind::resource, what + ": " + std::strerror(code));
}

void write_and_flush(const std::filesystem::path& path, std::string_view bytes, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) {
    fail(path.string() + ": cannot be created", errno);
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      const int code = errno;
      ::close(file);
      ::unlink(path.c_str());
      fail(path.string() + ": cannot be written", code);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool flushed = ::fsync(file) == 0;
  const int code = errno;
  ::close(file);
  if (!flushed) {
    ::unlink(path.c_str());
    fail(path.string() + ": cannot be flushed", code);
  }
}

}  // namespace

struct RowWriter::State {
  std::string name;
  std::FILE* file = nullptr;
};

RowWriter::RowWriter(const std::string& path) : state_(std::make_unique<State>()) {
  const bool standard = path.empty() || path == "-";
  state_->name = standard ? "standard output" : path;
  state_->file = standard ? stdout : std::fopen(path.c_str(), "wb");
  if (state_->file == nullptr) {
    fail(path + ": cannot be created", errno);
  }
}

RowWriter::~RowWriter() {
  if (state_->file != nullptr && state_->file != stdout) {
    std::fclose(state_->file);
  }
}

void RowWriter::line(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), state_->file) != text.size() ||
      std::fputc('\n', state_->file) == EOF) {
    fail(state_->name + ": cannot be written", errno);
  }
}

void RowWriter::finish() {
  if (std::fflush(state_->file) != 0) {
    fail(state_->name + ": cannot be written", errno);
  }
}

void publish(const std::vector<OutputFile>& files) {
  for (const OutputFile& file : files) {
    write_and_flush(file.path.string() + ".partial", file.bytes, file.is_private ? 0600 : 0644);
  }
  for (const OutputFile& file : files) {
    const std::string partial = file.path.string() + ".partial";
    if (std::rename(partial.c_str(), file.path.c_str()) != 0) {
      fail(file.path.string() + ": cannot be put into place", errno);
    }
  }
}

std::string write_once(const std::filesystem::path& path, std::string_view bytes) {
  if (!std::filesystem::exists(path)) {
    const std::string partial = path.string() + "." + hex(random_bytes(8)) + ".partial";
    write_and_flush(partial, bytes, 0600);
    // A link, not a rename: it fails where the name is taken, on network file systems too.
    const int linked = ::link(partial.c_str(), path.c_str());
    const int code = errno;
    ::unlink(partial.c_str());
    if (linked != 0 && code != EEXIST) fail(path.string() + ": cannot be put into place", code);
  }
  return read_file(path.string(), kMaxOnceBytes);
}

void make_private_folder(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) {
    throw Error(ErrorKind::resource, path.string() + ": cannot be created: " + code.message());
  }
  if (::chmod(path.c_str(), 0700) != 0) {
    fail(path.string() + ": cannot be made private", errno);
  }
}

}  // namespace souvenir::cli
