#include "catalog/sqlite_connection.h"

#include <utility>

namespace elanus::catalog {

using base::Code;
using base::Result;
using base::Status;

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(SqliteVfs& vfs,
                                                                 const std::string& path) {
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection(vfs));
    constexpr int kFlags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &connection->db_, kFlags, vfs.name());
    if (code != SQLITE_OK) {
        return connection->Failure(code);
    }
    return connection;
}

SqliteConnection::~SqliteConnection() {
    sqlite3_close(db_);
}

Status SqliteConnection::Execute(const char* sql) {
    const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Status() : Failure(code);
}

Status SqliteConnection::Failure(int code) {
    const Status cause = vfs_.TakeFailure();
    const int primary = code & 0xff;
    const bool from_file =
        primary == SQLITE_IOERR || primary == SQLITE_FULL || primary == SQLITE_CANTOPEN;
    if (!cause.ok() && from_file) {
        return cause.Annotate("catalog");
    }
    const std::string text = std::string("catalog: ") +
                             (db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code)) + " (" +
                             std::to_string(code) + ")";
    switch (primary) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return base::Corruption(text);
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
            return Status::Error(Code::kIoFailed, text);
        case SQLITE_FULL:
            return Status::Error(Code::kDiskLimitExceeded, text);
        case SQLITE_NOMEM:
            return Status::Error(Code::kMemoryLimitExceeded, text);
        default:
            return base::Internal(text);
    }
}

Result<SqliteStatement> SqliteStatement::Prepare(SqliteConnection& connection, const char* sql) {
    SqliteStatement statement;
    statement.connection_ = &connection;
    const int code = sqlite3_prepare_v3(connection.db(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement.statement_, nullptr);
    if (code != SQLITE_OK) {
        return connection.Failure(code);
    }
    return statement;
}

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
    std::swap(connection_, other.connection_);
    std::swap(statement_, other.statement_);
    return *this;
}

SqliteStatement& SqliteStatement::Bind(int position, std::string_view bytes) {
    // A null address would bind NULL, which is not the empty value.
    const char* data = bytes.data() != nullptr ? bytes.data() : "";
    CHECK(sqlite3_bind_blob64(statement_, position, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK,
          "bind a blob");
    return *this;
}

SqliteStatement& SqliteStatement::Bind(int position, int64_t value) {
    CHECK(sqlite3_bind_int64(statement_, position, value) == SQLITE_OK, "bind an integer");
    return *this;
}

Result<bool> SqliteStatement::Step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
        return true;
    }
    Status failure = code == SQLITE_DONE ? Status() : connection_->Failure(code);
    Reset();
    if (!failure.ok()) {
        return failure;
    }
    return false;
}

Status SqliteStatement::Run() {
    ASSIGN_OR_RETURN(const bool row, Step());
    CHECK(!row, "a statement that yields no row");
    return Status();
}

std::string SqliteStatement::Bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

}  // namespace elanus::catalog
