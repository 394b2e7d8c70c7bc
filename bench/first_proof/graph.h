// The graph of the first proof: one layer, R out-edges a row, built over 8-bit rows.
//
// Rows enter in batches against the graph as it stood before the batch (prefix doubling, as in
// ParlayANN, arXiv 2305.04359), so the result does not depend on the number of threads. Edges are
// pruned by Vamana's rule (DiskANN): a candidate that is alpha times nearer to a chosen row than to
// the row itself is left out. A second pass over all rows refines.
#pragma once

#include "codes.h"

#include <atomic>
#include <numeric>
#include <thread>

namespace elanus::bench {

struct Rows8 {
    size_t count = 0;
    size_t width = 0;
    HugeArray values;
    std::vector<Row8> facts;

    const int8_t* Values(uint32_t row) const {
        return reinterpret_cast<const int8_t*>(values.data()) + row * width;
    }
    float Cost(uint32_t a, uint32_t b) const {
        const Row8 &x = facts[a], &y = facts[b];
        const int32_t dot = DotRows(Values(a), Values(b), width) - y.sum128;
        return std::max(0.0f, x.norm + y.norm - 2 * x.scale * y.scale * static_cast<float>(dot));
    }
};

struct GraphOptions {
    size_t degree = 32;
    size_t window = 60;
    size_t refine_window = 100;
    float alpha = 1.0f;
    float refine_alpha = 1.0f;
    size_t met = 600;   // candidates of the pruning, the nearest of all that a walk has scored
    size_t passes = 1;  // refinements
    size_t fill = 100;  // percent of the places to fill up with pruned candidates, nearest first
    size_t threads = 1;
};

struct Candidate {
    float cost;
    uint32_t row;
    bool operator<(const Candidate& other) const {
        return cost < other.cost || (cost == other.cost && row < other.row);
    }
};

class Graph {
  public:
    Graph() = default;
    Graph(size_t rows, size_t degree) : degree_(degree), counts_(rows), links_(rows * degree) {}
    size_t degree() const { return degree_; }
    uint32_t Count(uint32_t row) const { return counts_[row]; }
    const uint32_t* Links(uint32_t row) const { return links_.data() + row * degree_; }
    void Set(uint32_t row, const std::vector<uint32_t>& links) {
        counts_[row] = static_cast<uint32_t>(std::min(links.size(), degree_));
        std::copy_n(links.begin(), counts_[row],
                    links_.begin() + static_cast<ptrdiff_t>(row * degree_));
    }
    std::vector<uint32_t>& counts() { return counts_; }
    std::vector<uint32_t>& links() { return links_; }

  private:
    size_t degree_ = 0;
    std::vector<uint32_t> counts_, links_;
};

template <typename Work>
void InParallel(size_t count, size_t threads, const Work& work) {
    std::atomic<size_t> next{0};
    constexpr size_t kChunk = 16;
    const auto run = [&](size_t worker) {
        for (size_t at; (at = next.fetch_add(kChunk)) < count;) {
            for (size_t i = at; i < std::min(count, at + kChunk); ++i) {
                work(i, worker);
            }
        }
    };
    std::vector<std::thread> pool;
    for (size_t t = 1; t < threads; ++t) {
        pool.emplace_back(run, t);
    }
    run(0);
    for (std::thread& thread : pool) {
        thread.join();
    }
}

class GraphBuilder {
  public:
    GraphBuilder(const Rows8& rows, const GraphOptions& options)
        : rows_(rows),
          o_(options),
          slack_(options.degree * 3 / 2),
          graph_(rows.count, slack_),
          workers_(options.threads) {
        for (Worker& worker : workers_) {
            worker.seen.assign(rows.count, 0);
        }
    }

    Graph Build() {
        order_.resize(rows_.count);
        std::iota(order_.begin(), order_.end(), 0u);
        std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
        starts_ = std::min<size_t>(rows_.count, kStarts);
        size_t done = 1;
        while (done < rows_.count) {
            const size_t batch = std::clamp<size_t>(done / 4, 1, rows_.count / 50 + 1);
            const size_t end = std::min(rows_.count, done + batch);
            Pass(done, end, done, o_.window, o_.alpha);
            done = end;
        }
        for (size_t pass = 0; pass < o_.passes; ++pass) {
            const size_t batch = rows_.count / 10 + 1;
            for (size_t at = 0; at < rows_.count; at += batch) {
                Pass(at, std::min(rows_.count, at + batch), rows_.count, o_.refine_window,
                     o_.refine_alpha);
            }
        }
        return Finish();
    }

  private:
    static constexpr size_t kStarts = 512;
    struct Worker {
        std::vector<uint32_t> seen;
        uint32_t epoch = 0;
        std::vector<Candidate> pool;
        std::vector<uint8_t> expanded;
        std::vector<Candidate> met;
        std::vector<uint32_t> chosen, rest, fresh;
    };

    // Rows order_[begin, end) look for neighbours among those that are in, then link back.
    void Pass(size_t begin, size_t end, size_t in, size_t window, float alpha) {
        std::vector<std::vector<uint32_t>> found(end - begin);
        InParallel(end - begin, o_.threads, [&](size_t i, size_t w) {
            Worker& worker = workers_[w];
            const uint32_t row = order_[begin + i];
            Walk(row, std::min(in, starts_), window, worker);
            for (size_t e = 0; e < graph_.Count(row); ++e) {
                const uint32_t link = graph_.Links(row)[e];
                worker.met.push_back({rows_.Cost(row, link), link});
            }
            Prune(row, o_.degree, alpha, worker);
            found[i] = worker.chosen;
        });
        std::vector<std::pair<uint32_t, uint32_t>> back;
        for (size_t i = 0; i < found.size(); ++i) {
            graph_.Set(order_[begin + i], found[i]);
            for (uint32_t link : found[i]) {
                back.emplace_back(link, order_[begin + i]);
            }
        }
        std::sort(back.begin(), back.end());
        std::vector<size_t> heads;
        for (size_t i = 0; i < back.size(); ++i) {
            if (i == 0 || back[i].first != back[i - 1].first) {
                heads.push_back(i);
            }
        }
        heads.push_back(back.size());
        InParallel(heads.size() - 1, o_.threads, [&](size_t h, size_t w) {
            LinkBack(back, heads[h], heads[h + 1], alpha, workers_[w]);
        });
    }

    void LinkBack(const std::vector<std::pair<uint32_t, uint32_t>>& back, size_t begin, size_t end,
                  float alpha, Worker& worker) {
        const uint32_t row = back[begin].first;
        std::vector<uint32_t>& all = worker.rest;
        all.assign(graph_.Links(row), graph_.Links(row) + graph_.Count(row));
        for (size_t i = begin; i < end; ++i) {
            if (std::find(all.begin(), all.end(), back[i].second) == all.end()) {
                all.push_back(back[i].second);
            }
        }
        if (all.size() <= slack_) {
            graph_.Set(row, all);
            return;
        }
        worker.met.clear();
        for (uint32_t link : all) {
            worker.met.push_back({rows_.Cost(row, link), link});
        }
        Prune(row, o_.degree, alpha, worker);
        graph_.Set(row, worker.chosen);
    }

    // Leaves the rows met in worker.met.
    void Walk(uint32_t row, size_t starts, size_t window, Worker& worker) {
        ++worker.epoch;
        worker.seen[row] = worker.epoch;
        worker.pool.clear();
        for (size_t i = 0; i < starts; ++i) {
            if (order_[i] != row) {
                worker.pool.push_back({rows_.Cost(row, order_[i]), order_[i]});
            }
        }
        const size_t keep = std::min<size_t>(worker.pool.size(), 4);
        std::partial_sort(worker.pool.begin(), worker.pool.begin() + static_cast<ptrdiff_t>(keep),
                          worker.pool.end());
        worker.pool.resize(keep);
        worker.met = worker.pool;
        for (const Candidate& c : worker.pool) {
            worker.seen[c.row] = worker.epoch;
        }
        worker.expanded.assign(keep, 0);
        for (size_t at = 0; at < worker.pool.size();) {
            if (worker.expanded[at] != 0) {
                ++at;
                continue;
            }
            worker.expanded[at] = 1;
            at = std::min(at + 1, Expand(row, worker.pool[at].row, window, worker));
        }
        if (worker.met.size() > o_.met) {
            std::nth_element(worker.met.begin(),
                             worker.met.begin() + static_cast<ptrdiff_t>(o_.met), worker.met.end());
            worker.met.resize(o_.met);
        }
    }

    size_t Expand(uint32_t row, uint32_t node, size_t window, Worker& worker) {
        worker.fresh.clear();
        for (size_t e = 0; e < graph_.Count(node); ++e) {
            const uint32_t link = graph_.Links(node)[e];
            if (worker.seen[link] != worker.epoch) {
                worker.seen[link] = worker.epoch;
                worker.fresh.push_back(link);
                Prefetch(rows_.Values(link), rows_.width);
            }
        }
        size_t lowest = window;
        for (uint32_t link : worker.fresh) {
            const Candidate c{rows_.Cost(row, link), link};
            worker.met.push_back(c);
            if (worker.pool.size() >= window) {
                if (!(c < worker.pool.back())) {
                    continue;
                }
                worker.pool.pop_back();
                worker.expanded.pop_back();
            }
            const auto place = std::upper_bound(worker.pool.begin(), worker.pool.end(), c);
            const ptrdiff_t index = place - worker.pool.begin();
            worker.pool.insert(place, c);
            worker.expanded.insert(worker.expanded.begin() + index, 0);
            lowest = std::min(lowest, static_cast<size_t>(index));
        }
        return lowest;
    }

    // Chooses among worker.met at most `count`; the rest, nearest first, goes to worker.rest.
    void Prune(uint32_t row, size_t count, float alpha, Worker& worker) {
        std::vector<Candidate>& met = worker.met;
        std::sort(met.begin(), met.end());
        met.erase(
            std::unique(met.begin(), met.end(),
                        [](const Candidate& a, const Candidate& b) { return a.row == b.row; }),
            met.end());
        worker.chosen.clear();
        worker.rest.clear();
        const float factor = alpha * alpha;  // costs are squares
        for (const Candidate& c : met) {
            if (c.row == row || worker.chosen.size() == count) {
                continue;
            }
            const bool covered = std::any_of(
                worker.chosen.begin(), worker.chosen.end(),
                [&](uint32_t other) { return factor * rows_.Cost(other, c.row) < c.cost; });
            (covered ? worker.rest : worker.chosen).push_back(c.row);
        }
    }

    // Lists of exactly the degree where there are enough rows.
    Graph Finish() {
        Graph out(rows_.count, o_.degree);
        InParallel(rows_.count, o_.threads, [&](size_t i, size_t w) {
            Worker& worker = workers_[w];
            const auto row = static_cast<uint32_t>(i);
            worker.met.clear();
            for (size_t e = 0; e < graph_.Count(row); ++e) {
                worker.met.push_back({rows_.Cost(row, graph_.Links(row)[e]), graph_.Links(row)[e]});
            }
            Prune(row, o_.degree, o_.refine_alpha, worker);
            const size_t places = o_.degree * o_.fill / 100;
            for (size_t r = 0; r < worker.rest.size() && worker.chosen.size() < places; ++r) {
                worker.chosen.push_back(worker.rest[r]);
            }
            out.Set(row, worker.chosen);
        });
        return out;
    }

    const Rows8& rows_;
    const GraphOptions o_;
    const size_t slack_;
    Graph graph_;
    size_t starts_ = 0;
    std::vector<uint32_t> order_;
    std::vector<Worker> workers_;
};

}  // namespace elanus::bench
