// SqliteConnection and SqliteStatement: SQLite's handles as values that clean up after themselves,
// with Status instead of numbers.
// Threads: one at a time; the catalog's mutex guards a connection and its statements.
#pragma once

#include "base/status.h"
#include "catalog/sqlite_vfs.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace elanus::catalog {

class SqliteConnection {
  public:
    static base::Result<std::unique_ptr<SqliteConnection>> Open(SqliteVfs& vfs,
                                                                const std::string& path);
    ~SqliteConnection();
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    base::Status Execute(const char* sql);
    // Whether a transaction is open. SQLite ends one by itself after some failures.
    bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
    // `code` with the cause: the file operation that failed, or SQLite's own words.
    base::Status Failure(int code);
    sqlite3* db() { return db_; }

  private:
    explicit SqliteConnection(SqliteVfs& vfs) : vfs_(vfs) {}

    SqliteVfs& vfs_;
    sqlite3* db_ = nullptr;
};

// A compiled statement, used again and again: Bind, Step until no row is left, Reset.
class SqliteStatement {
  public:
    static base::Result<SqliteStatement> Prepare(SqliteConnection& connection, const char* sql);
    SqliteStatement() = default;
    SqliteStatement(SqliteStatement&& other) noexcept { *this = std::move(other); }
    SqliteStatement& operator=(SqliteStatement&& other) noexcept;
    ~SqliteStatement() { sqlite3_finalize(statement_); }

    // Positions count from 1. Bytes must stay alive until Reset.
    SqliteStatement& Bind(int position, std::string_view bytes);
    SqliteStatement& Bind(int position, int64_t value);
    // True: a row can be read. False: done, and already reset.
    base::Result<bool> Step();
    // Runs a statement that yields no row.
    base::Status Run();
    void Reset() { sqlite3_reset(statement_); }

    std::string Bytes(int column) const;
    int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }

  private:
    SqliteConnection* connection_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

}  // namespace elanus::catalog
