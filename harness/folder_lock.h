#pragma once

#include <string>

namespace souvenir {

// Holds a folder for one process at a time, by a file `lock` in it: let go at the end, or when the
// process dies.
//
// Errors  usage: another process holds it
//         resource: the folder cannot be written
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace souvenir
