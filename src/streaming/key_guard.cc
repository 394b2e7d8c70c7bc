#include "streaming/key_guard.h"

namespace elanus::streaming {
namespace {

template <typename Key, typename Map>
void CountIn(const std::vector<Key>& keys, KeyGuard::Use use, int64_t by, Map* map) {
    for (const Key& key : keys) {
        auto& uses = (*map)[key];
        (use == KeyGuard::Use::kRows ? uses.rows : uses.deletes) += by;
        if (uses.rows == 0 && uses.deletes == 0) {
            map->erase(key);
        }
    }
}

template <typename Key, typename Map>
size_t FirstIn(const std::vector<Key>& keys, bool rows_only, const Map& map) {
    for (size_t i = 0; i < keys.size() && !map.empty(); ++i) {
        const auto found = map.find(keys[i]);
        if (found != map.end() && (!rows_only || found->second.rows > 0)) {
            return i;
        }
    }
    return keys.size();
}

}  // namespace

void KeyGuard::Count(const schema::PrimaryKeys& keys, Use use, int64_t by) {
    keys.is_string ? CountIn(keys.strings, use, by, &strings_)
                   : CountIn(keys.ints, use, by, &ints_);
}

size_t KeyGuard::FirstInFlight(const schema::PrimaryKeys& keys, bool rows_only) const {
    return keys.is_string ? FirstIn(keys.strings, rows_only, strings_)
                          : FirstIn(keys.ints, rows_only, ints_);
}

}  // namespace elanus::streaming
