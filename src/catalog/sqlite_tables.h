// SqliteTables: the catalog's tables as typed operations. No rules live here, only rows and their
// checksums.
// Threads: under the catalog's mutex. Changes happen inside a transaction that the catalog opens.
// Format: docs/formats/catalog.md
#pragma once

#include "base/status.h"
#include "catalog/catalog.h"
#include "catalog/sqlite_connection.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace elanus::catalog {

class SqliteTables {
  public:
    enum class Counter { kRevision, kLease };

    // Makes the tables in an empty file; refuses a file that is not a catalog, or is of a later
    // format.
    static base::Result<std::unique_ptr<SqliteTables>> Open(SqliteConnection& connection);

    base::Result<std::optional<KeyValue>> Find(const std::string& key);
    // At most `limit` rows; 0 = all.
    base::Result<std::vector<KeyValue>> Scan(const KeyRange& range, size_t limit);
    base::Result<std::vector<std::string>> Keys(const KeyRange& range);
    base::Result<std::vector<std::string>> KeysOfLease(LeaseId lease);
    base::Status Store(const KeyValue& item);
    base::Status Erase(const std::string& key);

    base::Result<std::map<LeaseId, int64_t>> Leases();  // with their time to live in ms
    base::Status StoreLease(LeaseId lease, int64_t ttl_ms);
    base::Status EraseLease(LeaseId lease);

    base::Result<int64_t> ReadCounter(Counter counter);
    base::Status WriteCounter(Counter counter, int64_t value);

  private:
    explicit SqliteTables(SqliteConnection& connection) : connection_(connection) {}
    base::Status PrepareFile();
    base::Status PrepareStatements();
    base::Result<int64_t> Pragma(const char* sql);

    SqliteConnection& connection_;
    SqliteStatement find_;
    SqliteStatement scan_;
    SqliteStatement scan_to_end_;
    SqliteStatement keys_;
    SqliteStatement keys_to_end_;
    SqliteStatement keys_of_lease_;
    SqliteStatement store_;
    SqliteStatement erase_;
    SqliteStatement leases_;
    SqliteStatement store_lease_;
    SqliteStatement erase_lease_;
    SqliteStatement read_counter_;
    SqliteStatement write_counter_;
};

}  // namespace elanus::catalog
