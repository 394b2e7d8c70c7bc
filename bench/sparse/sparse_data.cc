// Makes sparse vectors that resemble SPLADE's, and queries for them.
//
//   sparse_data ROWS QUERIES SEED OUT_PREFIX
//
// writes OUT_PREFIX.rows and OUT_PREFIX.queries, each: u64 vectors, u64 entries, u64[vectors + 1]
// offsets in entries, u32[entries] dimensions (rising in a vector), f32[entries] values; all
// little-endian. The same arguments give the same bytes.
//
// What is imitated, after the statistics published for SPLADE on MS MARCO passages (Formal et al.
// 2021; Bruch et al., "Efficient Inverted Indexes for Approximate Retrieval over Learned Sparse
// Representations", 2024): a vocabulary of 30,000; rows of 120 entries and queries of 43 on the
// average; dimensions that follow Zipf's law, the commonest in about a quarter of the rows, one
// met in a query in some 4 % of them; log-normal values, of which the 50 largest of a row and the
// 10 largest of a query hold about three quarters. Rows are about one or two of 4,000 subjects, so
// dimensions occur together; a query is about a row: part of its dimensions are the heavier ones
// of that row, the others come from the row's subject or from anywhere.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr uint32_t kDims = 30000;
constexpr double kZipfShift = 80;
constexpr uint32_t kSubjects = 4000;
constexpr uint32_t kSubjectDims = 300;

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers with every compiler and library.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t Next() {
        uint64_t z = (state_ += 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
    uint32_t Below(uint32_t n) { return static_cast<uint32_t>(Uniform() * n); }
    double Normal() {
        const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
        return radius * std::cos(6.283185307179586 * Uniform());
    }
    // 0 .. n - 1 with a chance that falls as 1 / (rank + shift).
    uint32_t Zipf(uint32_t n, double shift) {
        const double rank = shift * std::pow((n + shift) / shift, Uniform()) - shift;
        return std::min(static_cast<uint32_t>(rank), n - 1);
    }

  private:
    uint64_t state_;
};

struct Vectors {
    std::vector<uint64_t> offsets = {0};
    std::vector<uint32_t> dims;
    std::vector<float> values;

    void Add(const std::map<uint32_t, double>& vector) {
        for (const auto& [dim, value] : vector) {
            dims.push_back(dim);
            values.push_back(static_cast<float>(value));
        }
        offsets.push_back(dims.size());
    }
};

class Generator {
  public:
    explicit Generator(uint64_t seed) : random_(seed), dim_of_rank_(kDims) {
        for (uint32_t i = 0; i < kDims; ++i) {
            dim_of_rank_[i] = i;
        }
        for (uint32_t i = kDims - 1; i > 0; --i) {
            std::swap(dim_of_rank_[i], dim_of_rank_[random_.Below(i + 1)]);
        }
        for (uint32_t i = 0; i < kSubjects * kSubjectDims; ++i) {
            subject_ranks_.push_back(random_.Zipf(kDims, kZipfShift));
        }
    }

    void AddRow(Vectors* rows, std::vector<uint32_t>* subjects) {
        const uint32_t first = random_.Zipf(kSubjects, 200);
        const uint32_t second = random_.Zipf(kSubjects, 200);
        subjects->push_back(first);
        const size_t entries = Size(120, 25);
        std::map<uint32_t, double> row;
        while (row.size() < entries) {
            const double source = random_.Uniform();
            const bool own = source < 0.6;
            const uint32_t place = random_.Zipf(kSubjectDims, 30);
            const uint32_t rank = own            ? OfSubject(first, place)
                                  : source < 0.7 ? OfSubject(second, place)
                                                 : random_.Zipf(kDims, kZipfShift);
            row.try_emplace(dim_of_rank_[rank], Saturated((own ? Affinity(place) : 0.4) *
                                                          Rarity(rank) * LogNormal(0.9)));
        }
        rows->Add(row);
    }

    void AddQuery(const Vectors& rows, const std::vector<uint32_t>& subjects, Vectors* queries) {
        const uint32_t about = random_.Below(static_cast<uint32_t>(subjects.size()));
        const size_t entries = Size(43, 10);
        std::map<uint32_t, double> query;
        const uint64_t begin = rows.offsets[about];
        const auto row_entries = static_cast<uint32_t>(rows.offsets[about + 1] - begin);
        const size_t shared = std::min<size_t>(entries * 2 / 5, row_entries / 2);
        while (query.size() < shared) {  // the heavier an entry, the likelier it is taken
            const uint64_t a = begin + random_.Below(row_entries);
            const uint64_t b = begin + random_.Below(row_entries);
            const uint64_t at = rows.values[a] > rows.values[b] ? a : b;
            query.try_emplace(rows.dims[at], Saturated(1.2 * rows.values[at] * LogNormal(1.2)));
        }
        while (query.size() < entries) {
            const bool own = random_.Uniform() < 0.6;
            const uint32_t place = random_.Zipf(kSubjectDims, 30);
            const uint32_t rank =
                own ? OfSubject(subjects[about], place) : random_.Zipf(kDims, kZipfShift);
            query.try_emplace(dim_of_rank_[rank], Saturated((own ? 0.08 * Affinity(place) : 0.04) *
                                                            Rarity(rank) * LogNormal(1.0)));
        }
        queries->Add(query);
    }

  private:
    uint32_t OfSubject(uint32_t subject, uint32_t place) const {
        return subject_ranks_[subject * kSubjectDims + place];
    }
    // The first dimensions of a subject are what it is about.
    static double Affinity(uint32_t place) { return 0.5 + 60.0 / (place + 20.0); }
    // Rare words weigh more.
    static double Rarity(uint32_t rank) { return 0.5 + std::log1p(rank) / std::log1p(kDims); }
    // SPLADE's own damping: few values are above 3.
    static double Saturated(double value) { return std::log1p(value); }
    double LogNormal(double sigma) { return std::exp(sigma * random_.Normal()); }
    size_t Size(double mean, double deviation) {
        const double size = mean + deviation * random_.Normal();
        return static_cast<size_t>(std::clamp(size, mean / 4, mean * 2));
    }

    Random random_;
    std::vector<uint32_t> dim_of_rank_;
    std::vector<uint32_t> subject_ranks_;
};

void Write(const std::string& path, const Vectors& vectors) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    const uint64_t head[] = {vectors.offsets.size() - 1, vectors.dims.size()};
    bool ok = file != nullptr && std::fwrite(head, sizeof head, 1, file) == 1;
    const auto write = [&](const auto& array) {
        ok = ok && std::fwrite(array.data(), sizeof array[0], array.size(), file) == array.size();
    };
    write(vectors.offsets);
    write(vectors.dims);
    write(vectors.values);
    if (!ok || std::fclose(file) != 0) {
        std::perror(path.c_str());
        std::exit(1);
    }
}

// The mean share of a vector's sum that its `top` largest values hold.
double Concentration(const Vectors& vectors, size_t top) {
    double shares = 0;
    const size_t count = std::min<size_t>(vectors.offsets.size() - 1, 2000);
    for (size_t i = 0; i < count; ++i) {
        std::vector<float> values(
            vectors.values.begin() + static_cast<long>(vectors.offsets[i]),
            vectors.values.begin() + static_cast<long>(vectors.offsets[i + 1]));
        std::sort(values.rbegin(), values.rend());
        double all = 0, most = 0;
        for (size_t j = 0; j < values.size(); ++j) {
            all += values[j];
            most += j < top ? values[j] : 0;
        }
        shares += most / all;
    }
    return shares / static_cast<double>(count);
}

void Describe(const Vectors& rows, const Vectors& queries) {
    std::vector<uint64_t> holders(kDims);
    for (const uint32_t dim : rows.dims) {
        ++holders[dim];
    }
    double met = 0;
    for (const uint32_t dim : queries.dims) {
        met += static_cast<double>(holders[dim]);
    }
    const auto row_count = static_cast<double>(rows.offsets.size() - 1);
    const auto query_count = static_cast<double>(queries.offsets.size() - 1);
    std::printf(
        "entries a row %.1f, a query %.1f; 50 largest of a row hold %.2f, 10 of a query %.2f\n"
        "commonest dimension in %.3f of the rows, one of a query in %.4f\n"
        "entries in the lists of a query: %.0f\n",
        static_cast<double>(rows.dims.size()) / row_count,
        static_cast<double>(queries.dims.size()) / query_count, Concentration(rows, 50),
        Concentration(queries, 10),
        static_cast<double>(*std::max_element(holders.begin(), holders.end())) / row_count,
        met / static_cast<double>(queries.dims.size()) / row_count, met / query_count);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "sparse_data ROWS QUERIES SEED OUT_PREFIX\n");
        return 2;
    }
    Generator generator(std::strtoull(argv[3], nullptr, 10));
    Vectors rows, queries;
    std::vector<uint32_t> subjects;
    for (uint64_t i = std::strtoull(argv[1], nullptr, 10); i > 0; --i) {
        generator.AddRow(&rows, &subjects);
    }
    for (uint64_t i = std::strtoull(argv[2], nullptr, 10); i > 0; --i) {
        generator.AddQuery(rows, subjects, &queries);
    }
    const std::string prefix = argv[4];
    Write(prefix + ".rows", rows);
    Write(prefix + ".queries", queries);
    Describe(rows, queries);
    return 0;
}
