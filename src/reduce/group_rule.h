// GroupRule: decides, hit by hit and best first, which hits of one query a grouped search keeps.
// Segments, nodes, channels and the proxy all decide by it, so that what one of them leaves out
// could not have been kept by the next.
//
// Without wanted groups it keeps every hit up to the first one of the k-th group, at most
// group_size of a group. Of a list that a part answers with, each group is therefore a beginning of
// its whole list. With wanted groups it keeps the first group_size of each of them.
// Threads: a value.
#pragma once

#include "roles/read.h"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace elanus::reduce {

class GroupRule {
  public:
    GroupRule(const roles::Grouping& grouping, uint32_t query, uint32_t k)
        : k_(k), group_size_(grouping.group_size), has_wanted_(!grouping.wanted.empty()) {
        if (has_wanted_ && query < grouping.wanted.size()) {
            for (const std::string& key : grouping.wanted[query]) {
                counts_.emplace(key, 0);
            }
            open_ = counts_.size();
        }
    }

    // No later hit will be kept.
    bool done() const { return has_wanted_ ? open_ == 0 : counts_.size() >= k_; }
    size_t groups() const { return counts_.size(); }

    // Whether the next hit is kept. Not to be asked once done.
    bool Offer(const std::string& key) {
        const auto it = has_wanted_ ? counts_.find(key) : counts_.try_emplace(key, 0).first;
        if (it == counts_.end() || it->second >= group_size_) {
            return false;
        }
        ++it->second;
        if (has_wanted_ && it->second == group_size_) {
            --open_;
        }
        return true;
    }

  private:
    const uint32_t k_;
    const uint32_t group_size_;
    const bool has_wanted_;
    size_t open_ = 0;  // wanted groups that lack hits
    std::unordered_map<std::string, uint32_t> counts_;
};

}  // namespace elanus::reduce
