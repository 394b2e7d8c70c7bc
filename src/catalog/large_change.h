// Catalog changes that do not fit in one transaction, still decided in one.
//
// Why: dropping a collection of 5,000 segments needs more operations than etcd takes in a
// transaction. How: the change is first written, in parts, under staging/<id>/; one transaction
// then checks the compares and writes the key staging/<id>/switch. From that moment the change will
// happen: each part is applied and removed in one transaction, and at last the switch key goes. A
// crash before the switch leaves parts that recovery removes; a crash after it leaves parts that
// recovery applies. Invariants:
//   INV-LARGE-1  The change happens as a whole or not at all, once RecoverLargeChanges has run.
//   INV-LARGE-2  No part is applied twice: applying it and removing it are one transaction.
// While the parts are being applied a reader can see some of them. Who must not (a coordinator's
// cache) reads after CommitLarge returned, or after RecoverLargeChanges at the start.
// Threads: any; RecoverLargeChanges only where no older CommitLarge should go on (the new leader):
// a change it removes fails at its switch with kConflict. Kill points: catalog.large_staged,
// catalog.large_switched, catalog.large_part.
#pragma once

#include "base/status.h"
#include "catalog/catalog.h"

#include <string>
#include <string_view>

namespace elanus::catalog {

// Keys below this prefix belong to this file.
constexpr std::string_view kStagingPrefix = "staging/";

// Commits `change`, whose puts and deletes may be of any number; at most 90 compares. `id` names
// it: unused before, no '/', at most 128 bytes. A change that fits is one plain transaction.
// kConflict: nothing happened. Another failure: unknown until RecoverLargeChanges has run.
base::Status CommitLarge(Catalog& catalog, std::string_view id, const Txn& change);

// Finishes what was decided and removes what was not. Repeatable; run it before reading anything
// else.
base::Status RecoverLargeChanges(Catalog& catalog);

}  // namespace elanus::catalog
