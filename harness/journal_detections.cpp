#include "harness/journal_detections.h"

namespace souvenir {

namespace {

void make_table(Database& database) {
  database.run(
      "CREATE TABLE IF NOT EXISTS detection(subject TEXT PRIMARY KEY, texts INTEGER, "
      "given_away INTEGER, found INTEGER) WITHOUT ROWID");
}

}  // namespace

void keep_detections(Database& database, const std::vector<Detection>& detections) {
  make_table(database);
  Transaction transaction(database);
  database.run("DELETE FROM detection");
  Statement insert(database, "INSERT INTO detection VALUES(?, ?, ?, ?)");
  for (const Detection& row : detections) {
    insert.bind_text(0, row.subject).bind(1, row.texts).bind(2, row.given_away);
    insert.bind(3, static_cast<std::int64_t>(row.found)).execute();
  }
  transaction.commit();
}

std::optional<Detection> kept_detection(Database& database, const std::string& subject) {
  make_table(database);
  Statement select(database, "SELECT texts, given_away, found FROM detection WHERE subject = ?");
  if (!select.bind_text(0, subject).step()) return std::nullopt;
  return Detection{subject, select.integer(0), select.integer(1), select.integer(2) != 0};
}

}  // namespace souvenir
