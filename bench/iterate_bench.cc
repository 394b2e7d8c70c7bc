// What walking through an index costs, page after page: an iterator that goes on (row_iterator.h),
// beside the two ways to do without: a search for ever more rows of which the last page is taken, and
// a comparison of every row each 1,600 hits.
//
//     iterate_bench --base B.npy --queries Q.npy --gt G.npy --metric cosine|l2|ip [--rows N] [--hits 10000]
//                   [--page 100] [--walks 10] [--index HNSW,M=16,efConstruction=200]
//
// The three take turns, query by query. Times are processor time of the one thread.
#include "ann_data.h"
#include "sys/executor.h"
#include "vindex/family.h"
#include "vindex/row_iterator.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace elanus::bench {
namespace {

double ThreadSeconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Setting {
    size_t hits = 10'000;
    size_t page = 100;
    size_t walks = 10;
};
constexpr size_t kWindow = 1600;

struct Figures {
    std::vector<double> first_ms, whole_ms, last_tenth_ms;
};

double Median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

void Print(const char* name, const Figures& figures) {
    std::printf("%-28s first page %8.2f ms, last tenth of the pages %8.1f ms, all %9.1f ms\n", name,
                Median(figures.first_ms), Median(figures.last_tenth_ms), Median(figures.whole_ms));
}

template <typename TakePage>
void Walk(const Setting& setting, TakePage take, Figures* figures) {
    const size_t pages = setting.hits / setting.page;
    double whole = 0, last = 0;
    for (size_t page = 0; page < pages; ++page) {
        const double begin = ThreadSeconds();
        take(page);
        const double spent = 1e3 * (ThreadSeconds() - begin);
        whole += spent;
        last += page >= pages - pages / 10 ? spent : 0;
        if (page == 0) {
            figures->first_ms.push_back(spent);
        }
    }
    figures->whole_ms.push_back(whole);
    figures->last_tenth_ms.push_back(last);
}

struct Quality {
    size_t hits = 0, twice = 0, late = 0, right = 0;
};

void Judge(vindex::Metric metric, const std::vector<uint32_t>& rows,
           const std::vector<float>& scores, size_t page, const vindex::Neighbors& exact,
           Quality* quality) {
    std::unordered_set<uint32_t> seen;
    const std::unordered_set<uint32_t> truth(exact.rows.begin(), exact.rows.end());
    float worst = scores.empty() ? 0 : scores[0];
    for (size_t i = 0; i < rows.size(); ++i) {
        quality->twice += seen.insert(rows[i]).second ? 0 : 1;
        quality->right += truth.count(rows[i]);
        quality->late += i >= page && vindex::BetterThan(metric, scores[i], worst) ? 1 : 0;
        worst = vindex::BetterThan(metric, worst, scores[i]) ? scores[i] : worst;
    }
    quality->hits += rows.size();
}

base::Status Measure(const AnnData& data, const vindex::Index& index, const vindex::Index& flat,
                     const Setting& setting) {
    Figures walked, widened, compared;
    Quality quality;
    for (size_t q = 0; q < setting.walks; ++q) {
        const float* query = data.queries.values.data() + q * data.base.columns;
        const std::string_view bytes(reinterpret_cast<const char*>(query),
                                     data.base.columns * sizeof(float));
        std::vector<uint32_t> rows;
        std::vector<float> scores;
        std::unique_ptr<vindex::RowIterator> iterator;
        base::Status failed;
        Walk(
            setting,
            [&](size_t page) {
                if (page == 0) {
                    auto made = index.NewIterator(bytes, {});
                    failed = made.status();
                    iterator = failed.ok() ? std::move(*made) : nullptr;
                }
                vindex::Neighbors out;
                if (iterator != nullptr && iterator->Next(setting.page, {}, &out).ok()) {
                    rows.insert(rows.end(), out.rows.begin(), out.rows.end());
                    scores.insert(scores.end(), out.scores.begin(), out.scores.end());
                }
            },
            &walked);
        RETURN_IF_ERROR(failed);
        vindex::Neighbors out;
        Walk(
            setting,
            [&](size_t page) {
                vindex::SearchParams params;
                params.k = (page + 1) * setting.page;
                (void)index.Search(bytes, params, &out);
            },
            &widened);
        vindex::Neighbors exact;
        size_t known = 0;
        Walk(
            setting,
            [&](size_t page) {
                if ((page + 1) * setting.page > known) {
                    known += kWindow;
                    vindex::SearchParams params;
                    params.k = std::max(known, setting.hits);
                    (void)flat.Search(bytes, params, &exact);
                }
            },
            &compared);
        exact.rows.resize(std::min(exact.rows.size(), setting.hits));
        Judge(index.metric(), rows, scores, setting.page, exact, &quality);
    }
    Print("iterator", walked);
    Print("search for ever more rows", widened);
    Print("every row, each 1,600 hits", compared);
    std::printf(
        "of %zu hits of the iterator: %zu twice, %zu late, recall %.4f\n", quality.hits,
        quality.twice, quality.late,
        static_cast<double>(quality.right) / static_cast<double>(setting.walks * setting.hits));
    return base::Status();
}

// "HNSW,M=16,efConstruction=200"
vindex::BuildParams ParseIndex(const std::string& text) {
    vindex::BuildParams params;
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        const std::string part = text.substr(begin, end - begin);
        const size_t equals = part.find('=');
        if (equals == std::string::npos) {
            params.index_type = part;
        } else {
            params.params[part.substr(0, equals)] = part.substr(equals + 1);
        }
        begin = end + 1;
    }
    return params;
}

base::Status Run(std::map<std::string, std::string> options) {
    const auto metric = vindex::MetricFromName(options["--metric"]);
    if (!metric.has_value()) {
        return base::InvalidParameter("--metric cosine, l2 or ip");
    }
    ASSIGN_OR_RETURN(const AnnData data, ReadAnnData(options["--base"], options["--queries"],
                                                     options["--gt"], *metric, 10));
    const auto number = [&](const char* name, size_t otherwise) {
        return options.contains(name) ? std::stoul(options[name]) : otherwise;
    };
    Setting setting;
    setting.hits = number("--hits", setting.hits);
    setting.page = number("--page", setting.page);
    setting.walks = number("--walks", setting.walks);
    vindex::BuildInput input;
    input.vectors = data.base.values.data();
    input.rows = number("--rows", data.base.rows);
    sys::ThreadPool pool("build", 1);  // the caller takes part
    input.executor = &pool;
    vindex::BuildParams params =
        ParseIndex(options.contains("--index") ? options["--index"] : "AUTOINDEX");
    params.metric = data.metric;
    params.dim = static_cast<uint32_t>(data.base.columns);
    ASSIGN_OR_RETURN(const auto index, vindex::BuildIndex(params, input));
    params.index_type = "FLAT";
    params.params.clear();
    ASSIGN_OR_RETURN(const auto flat, vindex::BuildIndex(params, input));
    std::printf("%llu rows of %u dimensions, %zu hits in pages of %zu, medians of %zu walks\n",
                static_cast<unsigned long long>(input.rows), params.dim, setting.hits, setting.page,
                setting.walks);
    return Measure(data, *index, *flat, setting);
}

}  // namespace
}  // namespace elanus::bench

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2) {
        options[argv[i]] = argv[i + 1];
    }
    const elanus::base::Status status = elanus::bench::Run(std::move(options));
    if (!status.ok()) {
        std::fprintf(stderr, "%s\n", status.reason().c_str());
        return 1;
    }
    return 0;
}
