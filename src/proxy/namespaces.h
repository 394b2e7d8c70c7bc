// Namespaces: the tenants of a collection as things that are made, counted and dropped by name.
//
// With namespace.mode=partition a namespace is the partition of its name. Otherwise a namespace is
// there once it was made by name or while it has rows, whatever came first; dropping it deletes
// its rows. What has rows is found by a read, so but for those made by name the collection has to
// be loaded.
// Errors, besides those of partitions, queries and deletes: 1100 for a collection without
// namespaces and for one more namespace by name than there may be, 200 for a namespace that is not
// there.
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

// An answer must end somewhere: this many names of 255 bytes, each beside the collection's, are
// 50 MB.
inline constexpr int64_t kNamespacePageMax = 100'000;

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
    // and never more than kNamespacePageMax, which 0 stands for. The token tells whether there are
    // more. Reads the names of all rows that come into question.
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
    // Of a collection that has namespaces.
    base::Result<roles::CollectionInfo> CollectionOf(const base::CallContext& context,
                                                     const NamespaceRef& ref);
    // Of a collection whose namespaces are no partitions.
    base::Result<NamespaceInfo> CreateByName(const base::CallContext& context,
                                             const NamespaceRef& ref,
                                             const roles::CollectionInfo& collection);
    // The first `count` of them, at least; perhaps all.
    base::Result<std::vector<NamespaceInfo>> FirstAfter(const base::CallContext& context,
                                                        const NamespaceRef& ref,
                                                        const std::string& prefix,
                                                        const std::string& token, size_t count);
    // Rows that a read sees now.
    base::Result<uint64_t> CountVisible(const base::CallContext& context, const NamespaceRef& ref);
    base::Status DropPartition(const base::CallContext& context, const NamespaceRef& ref);
    // That it was made by name.
    base::Status Forget(const base::CallContext& context, const NamespaceRef& ref,
                        const roles::CollectionInfo& collection);

    Proxy& proxy_;
};

}  // namespace elanus::proxy
