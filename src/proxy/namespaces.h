// Namespaces: the tenants of a collection as things that are made, counted and dropped by name.
//
// With namespace.mode=partition a namespace is the partition of its name. Otherwise it is nothing
// but its rows: making one checks the name, it is there while it has rows, dropping it deletes
// them. Such namespaces are not listed: a read belongs to one namespace (INV-NAMESPACE-1), and to
// look through all of them for names would cost what the collection is large.
// Errors, besides those of partitions, queries and deletes: 1100 for a collection without
// namespaces, 200 for a namespace that is not there.
// Threads: any.
#pragma once

#include "base/call_context.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "proxy/proxy.h"

#include <functional>
#include <string>
#include <vector>

namespace elanus::proxy {

struct NamespaceRef {
    std::string database;
    std::string collection;
    std::string name;
};

struct NamespaceInfo {
    std::string name;
    base::Timestamp created_ts = 0;  // 0 = not known: it came with its rows
};

struct NamespacePage {
    std::vector<NamespaceInfo> namespaces;  // by name
    std::string next_token;                 // empty = no more
};

struct NamespaceRows {
    uint64_t rows = 0;
    bool exact = false;  // else as the statistics of partitions count them
};

class Namespaces {
  public:
    explicit Namespaces(Proxy& proxy) : proxy_(proxy) {}

    // Succeeds for one that is there.
    base::Result<NamespaceInfo> Create(const base::CallContext& context, const NamespaceRef& ref);
    base::Result<NamespaceInfo> Describe(const base::CallContext& context, const NamespaceRef& ref);
    base::Result<bool> Has(const base::CallContext& context, const NamespaceRef& ref);
    // Those whose name begins with `prefix`, after the one that `token` names; `page_size` at most,
    // 0 = all.
    base::Result<NamespacePage> List(const base::CallContext& context, const std::string& database,
                                     const std::string& collection, const std::string& prefix,
                                     int64_t page_size, const std::string& token);
    base::Result<NamespaceRows> Count(const base::CallContext& context, const NamespaceRef& ref,
                                      bool exact);
    // All its rows go. Succeeds for one that is not there. Calls done once, perhaps from another
    // thread.
    void Drop(const base::CallContext& context, const NamespaceRef& ref,
              std::function<void(base::Status)> done);

  private:
    // Whether the namespaces of the collection are partitions.
    base::Result<bool> ArePartitions(const base::CallContext& context, const NamespaceRef& ref);
    // Rows that a read sees now.
    base::Result<uint64_t> CountVisible(const base::CallContext& context, const NamespaceRef& ref);
    base::Status DropPartition(const base::CallContext& context, const NamespaceRef& ref);

    Proxy& proxy_;
};

}  // namespace elanus::proxy
