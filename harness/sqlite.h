#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace souvenir {

// Owns a SQLite database and translates its errors: a damaged file is `integrity`; a full disk, a
// read-only folder or a locked file is `resource`; everything else `internal`. One thread.
class Database {
 public:
  // Opens or creates the file with mode 0600, write-ahead log, foreign settings off.
  explicit Database(const std::string& path);
  // A database in memory.
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const std::string& sql);
  sqlite3* handle() const noexcept { return handle_; }

  // Throws the translation of `code`, which is not SQLITE_OK.
  [[noreturn]] void fail(int code) const;

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

// A prepared statement. Borrows the database. Columns and parameters count from 0.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  Statement& bind_text(int parameter, std::string_view value);
  Statement& bind_blob(int parameter, std::string_view value);
  Statement& bind_null(int parameter);

  // Returns true if there is a row; false at the end.
  bool step();
  // Steps a statement that returns no rows, and makes it ready to be bound again.
  void execute();
  void reset();

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  // also blobs
  bool is_null(int column) const;
  int columns() const;  // of a row

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

// Returns the first column of the one row that a statement gives.
std::int64_t select_integer(Database& database, std::string_view sql);

// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace souvenir
