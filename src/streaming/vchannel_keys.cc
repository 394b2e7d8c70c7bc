// Conditions of a write on the keys of a vchannel: what its rows say. What is in flight is the
// guard's to say (key_guard.h).

#include "streaming/vchannel.h"

#include <algorithm>
#include <set>

namespace elanus::streaming {
namespace {

base::Status Changed() {
    return base::Status::FromParts(base::Code::kConflict,
                                   "a row has changed since it was read for the update",
                                   /*retriable=*/true, /*is_input_error=*/false);
}

std::string Shown(const schema::PrimaryKey& key) {
    return key.index() == 0 ? std::to_string(std::get<0>(key)) : std::get<1>(key);
}

base::Status Exists(const schema::PrimaryKey& key) {
    return base::InvalidParameter("primary key " + Shown(key) +
                                  " already exists, and the collection has the property " +
                                  std::string(roles::kUniqueKeysProperty));
}

// The keys of `keys` that are not in `without`; 1100 when one stands there twice.
base::Result<schema::PrimaryKeys> Inserted(const schema::PrimaryKeys& keys,
                                           const schema::PrimaryKeys& without) {
    std::set<schema::PrimaryKey> replaced;
    for (size_t i = 0; i < without.size(); ++i) {
        replaced.insert(without.At(i));
    }
    std::set<schema::PrimaryKey> seen;
    schema::PrimaryKeys inserted;
    inserted.is_string = keys.is_string;
    for (size_t i = 0; i < keys.size(); ++i) {
        schema::PrimaryKey key = keys.At(i);
        if (replaced.contains(key)) {
            continue;
        }
        if (!seen.insert(key).second) {
            return base::InvalidParameter("primary key " + Shown(key) +
                                          " stands twice in the insert, and the collection has the "
                                          "property " +
                                          std::string(roles::kUniqueKeysProperty));
        }
        inserted.Append(key);
    }
    return inserted;
}

}  // namespace

void AddKeys(const schema::PrimaryKeys& from, schema::PrimaryKeys* to) {
    to->is_string = from.is_string;
    to->ints.insert(to->ints.end(), from.ints.begin(), from.ints.end());
    to->strings.insert(to->strings.end(), from.strings.begin(), from.strings.end());
}

WrittenKeys KeysOf(const std::vector<const roles::WritePart*>& parts, base::FieldId key_field) {
    WrittenKeys keys;
    for (const roles::WritePart* part : parts) {
        if (part->rows.rows > 0) {
            const schema::Column* column = part->rows.Find(key_field);
            const schema::ColumnView view = column->View();
            keys.rows.is_string = schema::IsStringLike(column->type);
            for (size_t row = 0; row < column->rows; ++row) {
                keys.rows.AppendFrom(view, row);
            }
        }
        if (!part->deletes.empty()) {
            AddKeys(part->deletes, &keys.deletes);
        }
    }
    return keys;
}

bool VChannel::unique_keys() const {
    base::MutexLock lock(mutex_);
    return unique_keys_;
}

base::Status VChannel::CheckKeys(const WrittenKeys& keys, base::Timestamp read_ts,
                                 base::Timestamp expired_ts) {
    base::MutexLock lock(mutex_);
    if (read_ts == 0 && !unique_keys_) {
        return base::Status();
    }
    if (read_ts != 0) {
        if (guard_.untracked() > 0 || guard_.blocked() || read_ts < truncated_ts_ ||
            read_ts < checkpoint_.compacted_ts) {
            return Changed();
        }
        schema::PrimaryKeys all = keys.rows;
        if (!keys.deletes.empty()) {
            AddKeys(keys.deletes, &all);
        }
        if (guard_.FirstInFlight(all, false) < all.size()) {
            return Changed();
        }
        ASSIGN_OR_RETURN(const bool changed, AnyChangedSince(all, read_ts));
        if (changed) {
            return Changed();
        }
    }
    if (!unique_keys_) {
        return base::Status();
    }
    ASSIGN_OR_RETURN(const schema::PrimaryKeys inserted, Inserted(keys.rows, keys.deletes));
    const size_t in_flight = guard_.FirstInFlight(inserted, true);
    if (in_flight < inserted.size()) {
        return Exists(inserted.At(in_flight));
    }
    ASSIGN_OR_RETURN(const std::optional<schema::PrimaryKey> there,
                     FirstVisible(inserted, expired_ts));
    return there.has_value() ? Exists(*there) : base::Status();
}

base::Result<bool> VChannel::AnyChangedSince(const schema::PrimaryKeys& keys,
                                             base::Timestamp read_ts) {
    bool changed = false;
    const auto look = [&](base::RowOffset row, base::Timestamp inserted,
                          const segment::DeleteList& deletes) {
        changed = changed || inserted > read_ts ||
                  (deletes.IsDeleted(row, base::kMaxTimestamp) && !deletes.IsDeleted(row, read_ts));
    };
    ForEachGrowing([&](const Growing& growing) {
        for (const auto& [row, inserted] : growing.rows->FindRows(keys)) {
            look(row, inserted, growing.rows->deletes());
        }
    });
    std::vector<base::RowOffset> rows;
    for (const auto& [id, sealed] : sealed_) {
        if (changed ||
            (sealed->info.max_ts <= read_ts && sealed->deletes.max_timestamp() <= read_ts)) {
            continue;
        }
        ASSIGN_OR_RETURN(const segment::KeyIndex* index, KeysOf(sealed.get()));
        rows.clear();
        index->FindAll(keys, &rows);
        for (const base::RowOffset row : rows) {
            look(row, index->TimestampOf(row), sealed->deletes);
        }
    }
    return changed;
}

base::Result<std::optional<schema::PrimaryKey>> VChannel::FirstVisible(
    const schema::PrimaryKeys& keys, base::Timestamp expired_ts) {
    std::optional<schema::PrimaryKey> found;
    ForEachGrowing([&](const Growing& growing) {
        if (found.has_value()) {
            return;
        }
        for (const auto& [row, inserted] : growing.rows->FindRows(keys)) {
            if (inserted > expired_ts &&
                !growing.rows->deletes().IsDeleted(row, base::kMaxTimestamp)) {
                found = growing.rows->KeysOf({row}).At(0);
                return;
            }
        }
    });
    std::vector<base::RowOffset> rows;
    for (const auto& [id, sealed] : sealed_) {
        if (found.has_value() || sealed->info.max_ts <= expired_ts) {
            continue;
        }
        ASSIGN_OR_RETURN(const segment::KeyIndex* index, KeysOf(sealed.get()));
        rows.clear();
        index->FindAll(keys, &rows);
        for (const base::RowOffset hit : rows) {
            if (index->TimestampOf(hit) <= expired_ts ||
                sealed->deletes.IsDeleted(hit, base::kMaxTimestamp)) {
                continue;
            }
            for (size_t i = 0; i < keys.size() && !found.has_value(); ++i) {
                const std::vector<base::RowOffset> of_key = index->Find(keys.At(i));
                if (std::find(of_key.begin(), of_key.end(), hit) != of_key.end()) {
                    found = keys.At(i);
                }
            }
            break;
        }
    }
    return found;
}

}  // namespace elanus::streaming
