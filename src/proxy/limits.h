// Limits of what clients may ask for (API map 2.5). Defaults are Milvus'; the config table sets
// them.
#pragma once

#include <cstdint>

namespace elanus::proxy {

struct Limits {
    int64_t max_name_length = 255;
    int64_t max_description_bytes = 1024;
    int64_t max_fields = 64;
    int64_t max_vector_fields = 10;
    int64_t max_shards = 16;
    int64_t max_dimension = 32768;
    int64_t max_varchar_length = 65535;
    int64_t max_text_length = 2097152;
    int64_t max_array_capacity = 4096;
    int64_t max_json_bytes = 65536;
    int64_t max_partitions = 1024;
    int64_t default_partition_key_partitions = 16;
    int64_t max_top_k = 16384;
    int64_t max_nq = 16384;
    int64_t max_query_window = 16384;
    int64_t large_top_k = 1000000;  // these two in collections of query_mode=large_topk
    int64_t large_query_window = 1000000;
    int64_t max_groups = 100000;              // of an aggregating query
    int64_t max_group_size = 10;              // hits of one group of a search
    int64_t max_aggregation_entries = 10000;  // of a search aggregation
    int64_t aggregation_pool = 1000;          // nearest hits that a search aggregation counts
    double recall_sample_ratio = 0;           // share of searches whose recall is measured
    int64_t max_output_bytes = 100 << 20;
    int64_t graceful_time_ms = 5000;  // how stale a Bounded read may be
    int64_t max_index_params_bytes = 102400;
    int64_t slow_query_ms = 5000;  // reads that take as long are logged
    int64_t filter_ms_max = 0;     // reads with a filter that take longer end; 0 = no limit
};

}  // namespace elanus::proxy
