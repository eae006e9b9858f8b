#include "harness/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness/error.h"

namespace souvenir {

Database::Database(const std::string& path) : path_(path) {
  // SQLite gives a new file the process's umask; subject data must not wait for a chmod.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    throw Error(ErrorKind::resource, path + ": cannot be opened: " + std::strerror(errno));
  }
  ::close(file);
  const int code = sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr);
  if (code != SQLITE_OK) {
    const Error error(ErrorKind::resource, path + ": cannot be opened: " + sqlite3_errstr(code));
    sqlite3_close(handle_);
    throw error;
  }
  sqlite3_extended_result_codes(handle_, 1);
  try {
    // Before the log is asked for: its index is then in this process's memory and not in a file
    // that processes share by mapping it, which a network file system cannot do.
    run("PRAGMA locking_mode = EXCLUSIVE");
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = NORMAL");
    run("PRAGMA cell_size_check = ON");
    run("PRAGMA temp_store = FILE");
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::Database() : path_("database in memory") {
  const int code = sqlite3_open_v2(":memory:", &handle_, SQLITE_OPEN_READWRITE, nullptr);
  if (code != SQLITE_OK) {
    sqlite3_close(handle_);
    throw Error(ErrorKind::resource, path_ + ": " + sqlite3_errstr(code));
  }
  sqlite3_extended_result_codes(handle_, 1);
}

Database::~Database() { sqlite3_close(handle_); }

void Database::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(code);
  }
}

void Database::fail(int code) const {
  const std::string message = path_ + ": " + sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      throw Error(ErrorKind::integrity, message);
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_CONSTRAINT:
      // The messages of these name columns of ours, never values.
      throw Error(ErrorKind::internal, message + " (" + sqlite3_errmsg(handle_) + ")");
    default:
      throw Error(ErrorKind::resource, message);
  }
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      &statement_, nullptr);
  if (code != SQLITE_OK) {
    database.fail(code);
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_, parameter + 1, value);
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  sqlite3_bind_double(statement_, parameter + 1, value);
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view value) {
  sqlite3_bind_text(statement_, parameter + 1, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view value) {
  // An empty view may have no address, which SQLite would store as NULL.
  sqlite3_bind_blob(statement_, parameter + 1, value.empty() ? "" : value.data(),
                    static_cast<int>(value.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  sqlite3_bind_null(statement_, parameter + 1);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    database_.fail(code);
  }
  return false;
}

void Statement::execute() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr
             ? std::string()
             : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

int Statement::columns() const { return sqlite3_column_count(statement_); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

std::int64_t select_integer(Database& database, std::string_view sql) {
  Statement select(database, sql);
  select.step();
  return select.integer(0);
}

Transaction::~Transaction() {
  if (open_) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace souvenir
