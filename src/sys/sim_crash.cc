// What a power cut leaves of a SimDisk.
#include "sys/random_source.h"
#include "sys/sim_disk.h"

#include <algorithm>
#include <unordered_map>

namespace elanus::sys {
namespace {

constexpr uint64_t kSeedLoseAll = 0;
constexpr uint64_t kSeedKeepAll = 1;

enum class Fate : uint8_t { kKept, kLost, kTorn };

class CrashCloner {
  public:
    explicit CrashCloner(uint64_t seed) : seed_(seed), random_(seed) {}

    SimNodePtr Clone(const SimNodePtr& node) {
        SimNodePtr& clone = clones_[node.get()];
        if (clone != nullptr) {
            return clone;  // another name of the same file
        }
        clone = std::make_shared<SimNode>();
        SimNodePtr result = clone;  // the map's slot may move while children are added
        result->is_directory = node->is_directory;
        if (node->is_directory) {
            CloneEntries(*node, *result);
        } else {
            result->durable = CrashBytes(*node);
            result->current = result->durable;
        }
        return result;
    }

  private:
    Fate Decide() {
        if (seed_ == kSeedLoseAll) {
            return Fate::kLost;
        }
        return seed_ == kSeedKeepAll ? Fate::kKept : static_cast<Fate>(random_.Below(3));
    }
    bool DecideWhole() { return Decide() == Fate::kKept || (IsMixed() && random_.OneIn(4)); }
    bool IsMixed() const { return seed_ != kSeedLoseAll && seed_ != kSeedKeepAll; }

    void CloneEntries(const SimNode& node, SimNode& clone) {
        auto survived = node.durable_entries;
        for (const SimEntryChange& change : node.entry_changes) {
            if (DecideWhole()) {
                ApplyEntryChange(change, survived);
            }
        }
        for (const auto& [name, child] : survived) {
            clone.entries[name] = Clone(child);
        }
        clone.durable_entries = clone.entries;
    }

    // For every sector the last change that reached the disk.
    std::unordered_map<uint64_t, size_t> DecideSectors(const std::vector<SimFileChange>& changes) {
        std::unordered_map<uint64_t, size_t> last_kept;
        for (size_t i = 0; i < changes.size(); ++i) {
            const SimFileChange& change = changes[i];
            const Fate fate = Decide();
            if (change.kind != SimFileChange::Kind::kWrite || change.bytes.empty() ||
                fate == Fate::kLost) {
                continue;
            }
            const uint64_t first = change.offset / kSimSectorBytes;
            const uint64_t last = (change.offset + change.bytes.size() - 1) / kSimSectorBytes;
            for (uint64_t sector = first; sector <= last; ++sector) {
                if (fate == Fate::kKept || random_.OneIn(2)) {
                    last_kept[sector] = i;
                }
            }
        }
        return last_kept;
    }

    // Changes of the size reach the disk in order: the first `n` of all changes.
    size_t DecideSizeChanges(size_t count) {
        if (seed_ == kSeedLoseAll) {
            return 0;
        }
        return seed_ == kSeedKeepAll ? count : random_.Below(count + 1);
    }

    std::string CrashBytes(const SimNode& node) {
        const auto& changes = node.changes;
        std::string bytes = node.durable;
        const auto last_kept = DecideSectors(changes);
        const size_t size_changes = DecideSizeChanges(changes.size());
        const bool garbage = IsMixed() && random_.OneIn(2);
        for (size_t i = 0; i < changes.size(); ++i) {
            const SimFileChange& change = changes[i];
            if (change.kind == SimFileChange::Kind::kWrite) {
                if (i < size_changes) {
                    GrowForWrite(change, garbage, bytes);
                }
                ApplySectors(change, i, last_kept, bytes);
            } else if (i < size_changes) {
                ApplyFileChange(change, bytes);
            }
        }
        return bytes;
    }

    void GrowForWrite(const SimFileChange& change, bool garbage, std::string& bytes) {
        const uint64_t end = change.offset + change.bytes.size();
        if (end <= bytes.size()) {
            return;
        }
        const size_t before = bytes.size();
        bytes.resize(end, '\0');
        for (size_t i = before; garbage && i < bytes.size(); ++i) {
            bytes[i] = static_cast<char>(random_.Next());
        }
    }

    static void ApplySectors(const SimFileChange& change, size_t index,
                             const std::unordered_map<uint64_t, size_t>& last_kept,
                             std::string& bytes) {
        const uint64_t end = std::min<uint64_t>(change.offset + change.bytes.size(), bytes.size());
        for (uint64_t at = change.offset; at < end;) {
            const uint64_t sector = at / kSimSectorBytes;
            const uint64_t stop = std::min(end, (sector + 1) * kSimSectorBytes);
            const auto kept = last_kept.find(sector);
            if (kept != last_kept.end() && index <= kept->second) {
                bytes.replace(at, stop - at, change.bytes, at - change.offset, stop - at);
            }
            at = stop;
        }
    }

    const uint64_t seed_;
    SeededRandom random_;
    std::unordered_map<const SimNode*, SimNodePtr> clones_;
};

}  // namespace

SimNodePtr CrashTree(const SimNodePtr& root, uint64_t seed) {
    return CrashCloner(seed).Clone(root);
}

}  // namespace elanus::sys
