#include "catalog/sqlite_tables.h"

#include "base/crc32c.h"

#include <cstring>
#include <utility>

namespace elanus::catalog {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr int64_t kApplicationId = 0x454c4e53;  // "ELNS"
constexpr int64_t kFormatVersion = 1;

constexpr char kCreateTables[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE kv(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, create_rev INTEGER NOT "
    "NULL,"
    "  mod_rev INTEGER NOT NULL, lease INTEGER NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX kv_lease ON kv(lease) WHERE lease <> 0;"
    "CREATE TABLE lease(id INTEGER PRIMARY KEY, ttl_ms INTEGER NOT NULL);"
    "CREATE TABLE counter(id INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
    "INSERT INTO counter VALUES(0, 0), (1, 0);"
    "PRAGMA application_id = 1162628691;"
    "PRAGMA user_version = 1;"
    "COMMIT";

// SQLite's pages carry no checksum of their own.
int64_t Checksum(const KeyValue& item) {
    const int64_t numbers[] = {static_cast<int64_t>(item.key.size()), item.create_revision,
                               item.mod_revision, item.lease};
    uint32_t crc = base::Crc32c(0, numbers, sizeof numbers);
    crc = base::Crc32c(crc, item.key.data(), item.key.size());
    return base::Crc32c(crc, item.value.data(), item.value.size());
}

// Columns: key, value, create_rev, mod_rev, lease, crc.
Result<KeyValue> ReadItem(const SqliteStatement& row) {
    KeyValue item{row.Bytes(0), row.Bytes(1), row.Int(2), row.Int(3), row.Int(4)};
    if (Checksum(item) != row.Int(5)) {
        return base::Corruption("catalog key " + item.key + " has a wrong checksum");
    }
    return item;
}

// All rows of a bound statement through `read`.
template <typename T, typename Read>
Result<std::vector<T>> Collect(SqliteStatement& statement, Read read) {
    std::vector<T> rows;
    while (true) {
        ASSIGN_OR_RETURN(const bool more, statement.Step());
        if (!more) {
            return rows;
        }
        Result<T> row = read(statement);
        if (!row.ok()) {
            statement.Reset();
            return row.status();
        }
        rows.push_back(std::move(row).value());
    }
}

Result<std::string> ReadKey(const SqliteStatement& row) {
    return row.Bytes(0);
}

}  // namespace

Result<std::unique_ptr<SqliteTables>> SqliteTables::Open(SqliteConnection& connection) {
    std::unique_ptr<SqliteTables> tables(new SqliteTables(connection));
    RETURN_IF_ERROR(tables->PrepareFile());
    RETURN_IF_ERROR(tables->PrepareStatements());
    return tables;
}

Result<int64_t> SqliteTables::Pragma(const char* sql) {
    ASSIGN_OR_RETURN(SqliteStatement statement, SqliteStatement::Prepare(connection_, sql));
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    return row ? statement.Int(0) : 0;
}

Status SqliteTables::PrepareFile() {
    ASSIGN_OR_RETURN(const int64_t objects, Pragma("SELECT count(*) FROM sqlite_master"));
    if (objects == 0) {
        RETURN_IF_ERROR(connection_.Execute(kCreateTables));
    }
    ASSIGN_OR_RETURN(const int64_t application, Pragma("PRAGMA application_id"));
    if (application != kApplicationId) {
        return base::Corruption("the catalog file is a database of another program");
    }
    ASSIGN_OR_RETURN(const int64_t version, Pragma("PRAGMA user_version"));
    if (version != kFormatVersion) {
        return Status::Error(Code::kUnsupportedOperation,
                             "the catalog file has format " + std::to_string(version) +
                                 ", this program knows " + std::to_string(kFormatVersion));
    }
    return Status();
}

Status SqliteTables::PrepareStatements() {
    const std::pair<SqliteStatement*, const char*> statements[] = {
        {&find_, "SELECT key, value, create_rev, mod_rev, lease, crc FROM kv WHERE key = ?1"},
        {&scan_,
         "SELECT key, value, create_rev, mod_rev, lease, crc FROM kv"
         " WHERE key >= ?1 AND key < ?3 ORDER BY key LIMIT ?2"},
        {&scan_to_end_,
         "SELECT key, value, create_rev, mod_rev, lease, crc FROM kv"
         " WHERE key >= ?1 ORDER BY key LIMIT ?2"},
        {&keys_, "SELECT key FROM kv WHERE key >= ?1 AND key < ?2 ORDER BY key"},
        {&keys_to_end_, "SELECT key FROM kv WHERE key >= ?1 ORDER BY key"},
        {&keys_of_lease_, "SELECT key FROM kv WHERE lease = ?1 AND lease <> 0 ORDER BY key"},
        {&store_,
         "INSERT INTO kv VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(key) DO UPDATE SET"
         " value = ?2, create_rev = ?3, mod_rev = ?4, lease = ?5, crc = ?6"},
        {&erase_, "DELETE FROM kv WHERE key = ?1"},
        {&leases_, "SELECT id, ttl_ms FROM lease"},
        {&store_lease_, "INSERT INTO lease VALUES(?1, ?2)"},
        {&erase_lease_, "DELETE FROM lease WHERE id = ?1"},
        {&read_counter_, "SELECT value FROM counter WHERE id = ?1"},
        {&write_counter_, "UPDATE counter SET value = ?2 WHERE id = ?1"},
    };
    for (const auto& [statement, sql] : statements) {
        ASSIGN_OR_RETURN(*statement, SqliteStatement::Prepare(connection_, sql));
    }
    return Status();
}

Result<std::optional<KeyValue>> SqliteTables::Find(const std::string& key) {
    ASSIGN_OR_RETURN(std::vector<KeyValue> rows, Collect<KeyValue>(find_.Bind(1, key), ReadItem));
    if (rows.empty()) {
        return std::optional<KeyValue>();
    }
    return std::optional<KeyValue>(std::move(rows.front()));
}

Result<std::vector<KeyValue>> SqliteTables::Scan(const KeyRange& range, size_t limit) {
    SqliteStatement& statement = range.end.empty() ? scan_to_end_ : scan_;
    statement.Bind(1, range.begin).Bind(2, limit == 0 ? -1 : static_cast<int64_t>(limit));
    if (!range.end.empty()) {
        statement.Bind(3, range.end);
    }
    return Collect<KeyValue>(statement, ReadItem);
}

Result<std::vector<std::string>> SqliteTables::Keys(const KeyRange& range) {
    SqliteStatement& statement = range.end.empty() ? keys_to_end_ : keys_;
    statement.Bind(1, range.begin);
    if (!range.end.empty()) {
        statement.Bind(2, range.end);
    }
    return Collect<std::string>(statement, ReadKey);
}

Result<std::vector<std::string>> SqliteTables::KeysOfLease(LeaseId lease) {
    return Collect<std::string>(keys_of_lease_.Bind(1, lease), ReadKey);
}

Status SqliteTables::Store(const KeyValue& item) {
    return store_.Bind(1, item.key)
        .Bind(2, item.value)
        .Bind(3, item.create_revision)
        .Bind(4, item.mod_revision)
        .Bind(5, item.lease)
        .Bind(6, Checksum(item))
        .Run();
}

Status SqliteTables::Erase(const std::string& key) {
    return erase_.Bind(1, key).Run();
}

Result<std::map<LeaseId, int64_t>> SqliteTables::Leases() {
    using Row = std::pair<LeaseId, int64_t>;
    ASSIGN_OR_RETURN(const std::vector<Row> rows,
                     Collect<Row>(leases_, [](const SqliteStatement& row) -> Result<Row> {
                         return Row(row.Int(0), row.Int(1));
                     }));
    return std::map<LeaseId, int64_t>(rows.begin(), rows.end());
}

Status SqliteTables::StoreLease(LeaseId lease, int64_t ttl_ms) {
    return store_lease_.Bind(1, lease).Bind(2, ttl_ms).Run();
}

Status SqliteTables::EraseLease(LeaseId lease) {
    return erase_lease_.Bind(1, lease).Run();
}

Result<int64_t> SqliteTables::ReadCounter(Counter counter) {
    read_counter_.Bind(1, static_cast<int64_t>(counter));
    ASSIGN_OR_RETURN(const std::vector<int64_t> rows,
                     Collect<int64_t>(read_counter_, [](const SqliteStatement& row) {
                         return Result<int64_t>(row.Int(0));
                     }));
    if (rows.size() != 1 || rows.front() < 0) {
        return base::Corruption("a counter of the catalog is missing or negative");
    }
    return rows.front();
}

Status SqliteTables::WriteCounter(Counter counter, int64_t value) {
    return write_counter_.Bind(1, static_cast<int64_t>(counter)).Bind(2, value).Run();
}

}  // namespace elanus::catalog
