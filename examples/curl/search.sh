#!/bin/bash
# Semantic search over 1,500 Debian packages with curl and REST v2, nothing else.
#
#     search.sh [ADDRESS]        default: ELANUS_ADDRESS, then localhost:19530
set -euo pipefail
address=${1:-${ELANUS_ADDRESS:-localhost:19530}}
collection=example_packages_curl
data="$(dirname "$0")/../data"

# post PATH [BODY]: the body is read from standard input when it is not given.
post() {
    local reply
    reply=$(curl --silent --show-error --fail "http://$address/v2/vectordb/$1" \
        --header "Content-Type: application/json" --data-binary "${2:-@-}")
    case $reply in
    '{"code":0'*) echo "$reply" ;;
    *)
        echo "$1: $reply" >&2
        return 1
        ;;
    esac
}

text_field() {
    echo "{\"fieldName\":\"$1\",\"dataType\":\"VarChar\",\"elementTypeParams\":{\"max_length\":$2}}"
}

post collections/drop "{\"collectionName\":\"$collection\"}" >/dev/null
post collections/create "{\"collectionName\":\"$collection\",
  \"schema\":{\"fields\":[
    {\"fieldName\":\"id\",\"dataType\":\"Int64\",\"isPrimary\":true},
    $(text_field name 100), $(text_field section 40), $(text_field architecture 20),
    {\"fieldName\":\"installed_size_kb\",\"dataType\":\"Int64\"},
    $(text_field summary 500), $(text_field description 2000),
    {\"fieldName\":\"embedding\",\"dataType\":\"FloatVector\",\"elementTypeParams\":{\"dim\":384}}]},
  \"indexParams\":[{\"fieldName\":\"embedding\",\"indexType\":\"AUTOINDEX\",\"metricType\":\"COSINE\"}],
  \"params\":{\"consistencyLevel\":\"Strong\"}}" >/dev/null

# Rows are the lines of the file, joined by commas.
{
    printf '{"collectionName":"%s","data":[' "$collection"
    paste -sd, "$data/packages.jsonl"
    printf ']}'
} | post entities/insert >/dev/null
echo "rows: $(post entities/query "{\"collectionName\":\"$collection\",\"filter\":\"\",
  \"outputFields\":[\"count(*)\"]}")"

# search LINE [FILTER]: the query on that line of queries.jsonl; one line for each hit.
search() {
    local line text embedding
    line=$(sed -n "$1p" "$data/queries.jsonl")
    text=$(sed 's/.*"text":"\([^"]*\)".*/\1/' <<<"$line")
    embedding=$(sed 's/.*"embedding":\(\[[^]]*\]\).*/\1/' <<<"$line")
    echo
    echo "\"$text\"${2:+ where $2}"
    post entities/search "{\"collectionName\":\"$collection\",\"data\":[$embedding],\"annsField\":\"embedding\",
      \"limit\":3,\"filter\":\"${2:-}\",\"outputFields\":[\"name\",\"section\",\"summary\"]}" |
        grep -o '{[^{}]*"name"[^{}]*}' | sed 's/^/  /'
}

search 1
search 2
search 3
search 1 "section in ['libs', 'libdevel'] and installed_size_kb < 1000"
post collections/drop "{\"collectionName\":\"$collection\"}" >/dev/null
