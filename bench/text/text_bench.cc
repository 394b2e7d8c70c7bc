// text_bench: our side of the full-text benchmark (text_vs_lucene.py).
//
//   text_bench build CORPUS FILE [exact] [in-order]
//   text_bench search FILE QUERIES ROUNDS ANSWERS_OUT
//
// Both print one line of JSON, as LuceneSide does. Times are the CPU time of the one thread that
// works; the wall time stands beside it. A document is a line, its tokens are parted by blanks.
// Lengths are rounded as Lucene rounds them (four significant bits above 24), so that scores can be
// compared; `exact` keeps them.
#include "codec/sink.h"
#include "postings/builder.h"
#include "postings/index.h"
#include "sys/file_system.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace elanus::bench {
namespace {

constexpr size_t kHits = 10;

struct Stopwatch {
    timespec cpu_start{};
    std::chrono::steady_clock::time_point wall_start = std::chrono::steady_clock::now();

    Stopwatch() { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_start); }
    double CpuSeconds() const {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec - cpu_start.tv_sec) +
               static_cast<double>(now.tv_nsec - cpu_start.tv_nsec) / 1e9;
    }
    double WallSeconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start).count();
    }
};

uint32_t RoundedLength(uint32_t length) {
    constexpr uint32_t kKept = 24;
    if (length < kKept) {
        return length;
    }
    const uint32_t more = length - kKept;
    const int shift = std::max(0, static_cast<int>(std::bit_width(more)) - 4);
    return kKept + ((more >> shift) << shift);
}

template <typename Visit>
void ForEachWord(std::string_view line, Visit visit) {
    while (!line.empty()) {
        const size_t end = std::min(line.find(' '), line.size());
        if (end > 0) {
            visit(line.substr(0, end));
        }
        line.remove_prefix(std::min(end + 1, line.size()));
    }
}

class FileSink : public codec::Sink {
  public:
    explicit FileSink(const std::string& path) : out_(path, std::ios::binary) {}
    base::Status Append(std::string_view bytes) override {
        out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        written_ += bytes.size();
        return out_ ? base::Status() : base::Internal("cannot write");
    }
    uint64_t written() const { return written_; }

  private:
    std::ofstream out_;
    uint64_t written_ = 0;
};

int Build(const std::string& corpus, const std::string& file, bool exact, bool reorder) {
    std::ifstream lines(corpus);
    const Stopwatch watch;
    postings::BuildOptions options;
    options.reorder = reorder;
    postings::Builder builder(options);
    std::string line;
    while (std::getline(lines, line)) {
        builder.StartDocument();
        uint32_t position = 0;
        ForEachWord(line, [&](std::string_view word) { builder.AddTerm(word, position++); });
        if (!exact) {
            builder.SetLength(RoundedLength(position));
        }
    }
    const uint32_t documents = builder.documents();
    const double added = watch.CpuSeconds();
    FileSink sink(file);
    const base::Status status = builder.Finish(sink);
    if (!status.ok()) {
        std::cerr << status.reason() << "\n";
        return 1;
    }
    std::printf(
        "{\"documents\": %u, \"build_cpu_s\": %.3f, \"added_cpu_s\": %.3f, "
        "\"build_wall_s\": %.3f, \"bytes\": %llu}\n",
        documents, watch.CpuSeconds(), added, watch.WallSeconds(),
        static_cast<unsigned long long>(sink.written()));
    return 0;
}

struct Asked {
    std::vector<std::string> words;
    postings::Phrase phrase;
};
using AskedByKind = std::vector<std::pair<std::string, std::vector<Asked>>>;

AskedByKind ReadQueries(const std::string& file) {
    AskedByKind kinds;
    std::ifstream lines(file);
    std::string line;
    while (std::getline(lines, line)) {
        const size_t tab = line.find('\t');
        const std::string kind = line.substr(0, tab);
        auto at = std::find_if(kinds.begin(), kinds.end(),
                               [&](const auto& entry) { return entry.first == kind; });
        if (at == kinds.end()) {
            at = kinds.insert(kinds.end(), {kind, {}});
        }
        Asked& asked = at->second.emplace_back();
        ForEachWord(std::string_view(line).substr(tab + 1), [&](std::string_view word) {
            asked.phrase.places.push_back(
                {std::string(word), static_cast<uint32_t>(asked.words.size())});
            asked.words.emplace_back(word);
        });
    }
    return kinds;
}

class Searcher {
  public:
    explicit Searcher(std::shared_ptr<const postings::Index> index) : index_(std::move(index)) {
        options_.k = kHits;
        options_.scoring.average_length =
            static_cast<float>(static_cast<double>(index_->occurrences()) / index_->documents());
    }

    // How many hits, or the count.
    uint64_t Answer(const std::string& kind, const Asked& asked) {
        if (kind == "count_union") {
            return *index_->CountAny(asked.words, 1, {});
        }
        if (kind == "count_intersection") {
            return *index_->CountAll(asked.words, {});
        }
        if (kind == "count_phrase") {
            return *index_->CountPhrase(asked.phrase, {});
        }
        base::Status status;
        if (kind == "phrase") {
            float weight = 0;
            for (const std::string& word : asked.words) {
                weight += Weight(word);
            }
            status = index_->SearchPhrase(asked.phrase, weight, options_, &hits_);
        } else {
            terms_.clear();
            for (const std::string& word : asked.words) {
                terms_.push_back({word, Weight(word)});
            }
            status = kind == "intersection" ? index_->SearchAll(terms_, options_, &hits_)
                                            : index_->SearchAny(terms_, options_, &hits_);
        }
        if (!status.ok()) {
            std::cerr << status.reason() << "\n";
        }
        return hits_.rows.size();
    }
    const postings::Hits& hits() const { return hits_; }

  private:
    // Statistics come with the query in the server; here they are looked up as Lucene does.
    float Weight(const std::string& word) {
        const double df = index_->Find(word)->documents;
        return static_cast<float>(std::log(1 + (index_->documents() - df + 0.5) / (df + 0.5)));
    }

    std::shared_ptr<const postings::Index> index_;
    postings::SearchOptions options_;
    std::vector<postings::WeightedTerm> terms_;
    postings::Hits hits_;
};

void WriteAnswers(Searcher& searcher, const AskedByKind& kinds, const std::string& out) {
    std::ofstream answers(out);
    answers.precision(8);
    for (const auto& [kind, list] : kinds) {
        for (const Asked& asked : list) {
            const uint64_t answer = searcher.Answer(kind, asked);
            if (kind.starts_with("count")) {
                answers << answer << "\n";
                continue;
            }
            for (size_t i = 0; i < answer; ++i) {
                answers << (i == 0 ? "" : " ") << searcher.hits().rows[i] << ':'
                        << searcher.hits().scores[i];
            }
            answers << "\n";
        }
    }
}

int Search(const std::string& file, const std::string& queries, size_t rounds,
           const std::string& out) {
    const auto opened = sys::PosixFileSystem().Open(file, sys::OpenMode::kRead);
    const auto mapped =
        opened.ok() ? (*opened)->Map() : base::Result<base::Buffer>(opened.status());
    const auto index = mapped.ok()
                           ? postings::Index::Open(*mapped)
                           : base::Result<std::shared_ptr<const postings::Index>>(mapped.status());
    if (!index.ok()) {
        std::cerr << index.status().reason() << "\n";
        return 1;
    }
    const AskedByKind kinds = ReadQueries(queries);
    Searcher searcher(*index);
    WriteAnswers(searcher, kinds, out);
    uint64_t checked = 0;
    std::ostringstream json;
    json << "{";
    for (const auto& [kind, list] : kinds) {
        std::vector<double> cpu_us, wall_us;
        for (size_t round = 0; round < rounds + 1; ++round) {
            const Stopwatch watch;
            for (const Asked& asked : list) {
                checked += searcher.Answer(kind, asked);
            }
            if (round > 0) {
                cpu_us.push_back(watch.CpuSeconds() * 1e6 / static_cast<double>(list.size()));
                wall_us.push_back(watch.WallSeconds() * 1e6 / static_cast<double>(list.size()));
            }
        }
        std::sort(cpu_us.begin(), cpu_us.end());
        std::sort(wall_us.begin(), wall_us.end());
        json << "\"" << kind << "\": {\"cpu_us\": " << cpu_us[rounds / 2]
             << ", \"wall_us\": " << wall_us[rounds / 2] << "}, ";
    }
    std::cout << json.str() << "\"checked\": " << checked << "}\n";
    return 0;
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv + 1, argv + argc);
    const auto has = [&](const char* word) {
        return std::find(args.begin(), args.end(), word) != args.end();
    };
    if (args.size() >= 3 && args[0] == "build") {
        return elanus::bench::Build(args[1], args[2], has("exact"), !has("in-order"));
    }
    if (args.size() == 5 && args[0] == "search") {
        return elanus::bench::Search(args[1], args[2], std::stoul(args[3]), args[4]);
    }
    std::cerr
        << "text_bench build CORPUS FILE [exact] [in-order] | search FILE QUERIES ROUNDS OUT\n";
    return 2;
}
