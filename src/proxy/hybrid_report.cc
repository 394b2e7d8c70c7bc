#include "proxy/hybrid_report.h"

#include "proxy/phrase.h"

namespace elanus::proxy {
namespace {

// A profile is for reading: of more hits than this the first are listed.
constexpr size_t kHitsShownMax = 256;

std::string ShownScore(float score) {
    return json::Write(json::Value(static_cast<double>(score)));
}

uint64_t Us(uint64_t ns) {
    return (ns + 500) / 1000;
}

std::string HitLine(const HybridHit& hit) {
    std::string line =
        Phrase("    -> query ", hit.query, ": ", hit.key, "  (score=", ShownScore(hit.score), ")");
    for (const reduce::Contribution& part : hit.contributions) {
        line += Phrase(" [list ", part.list, ": rank=", part.rank,
                       " score=", ShownScore(part.score), " share=", ShownScore(part.share), "]");
    }
    return line + "\n";
}

json::Value HitJson(const HybridHit& hit) {
    json::Value out;
    out.Add("query", hit.query);
    out.Add("id", hit.key);
    out.Add("score", static_cast<double>(hit.score));
    json::Value::Array lists;
    for (const reduce::Contribution& part : hit.contributions) {
        json::Value list;
        list.Add("list", part.list);
        list.Add("rank", part.rank);
        list.Add("score", static_cast<double>(part.score));
        list.Add("share", static_cast<double>(part.share));
        lists.push_back(std::move(list));
    }
    out.Add("lists", std::move(lists));
    return out;
}

}  // namespace

std::string HybridHitLines(const HybridReport& report) {
    std::string lines = "  Hits:\n";
    const size_t shown = std::min(report.hits.size(), kHitsShownMax);
    for (size_t i = 0; i < shown; ++i) {
        lines += HitLine(report.hits[i]);
    }
    if (shown < report.hits.size()) {
        lines += Phrase("    -> ", report.hits.size() - shown, " hits more\n");
    }
    return lines;
}

json::Value HybridJson(const HybridReport& report) {
    json::Value out;
    out.Add("ranking", report.ranking);
    out.Add("candidates", report.candidates);
    out.Add("fuse_us", Us(report.fuse_ns));
    out.Add("rescore_us", Us(report.rescore_ns));
    json::Value::Array hits;
    const size_t shown = std::min(report.hits.size(), kHitsShownMax);
    for (size_t i = 0; i < shown; ++i) {
        hits.push_back(HitJson(report.hits[i]));
    }
    out.Add("hits_total", report.hits.size());
    out.Add("hits", std::move(hits));
    return out;
}

}  // namespace elanus::proxy
