// What a hybrid search did besides its lists: how they were fused, and what each of them did for
// each hit. Part of a ReadReport; read_report.cc shows it.
// Threads: a value.
#pragma once

#include "json/json.h"
#include "proxy/read_report.h"
#include "reduce/fusion.h"

#include <cstdint>
#include <string>
#include <vector>

namespace elanus::proxy {

struct HybridHit {
    int64_t query = 0;
    std::string key;  // as text
    float score = 0;  // as answered
    std::vector<reduce::Contribution> contributions;
};

struct HybridReport {
    std::vector<ReadReport> lists;
    std::string ranking;          // "rrf k=60"
    uint64_t fuse_ns = 0;         // lists into one
    uint64_t rescore_ns = 0;      // by a decay or a model, its field's values fetched
    size_t candidates = 0;        // different rows of all queries
    std::vector<HybridHit> hits;  // with a profile: those answered, in their order
};

// The part of a profile below the steps, as lines of text and as members of its JSON object.
std::string HybridHitLines(const HybridReport& report);
json::Value HybridJson(const HybridReport& report);

}  // namespace elanus::proxy
