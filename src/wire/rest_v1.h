// REST v1 of Milvus (prefix /v1/vector, API map chapter 6.8): the older and smaller interface,
// which clients of before v2 still speak. Its collections have one key, one vector, and dynamic
// fields.
//
// Each path becomes a request of v2 (rest_routes.h) and an answer with code 200 in place of 0. GET
// paths take their parameters from the query.
// Threads: immutable; the handlers run on the workers.
#pragma once

#include "wire/rest_routes.h"

#include <string>
#include <string_view>

namespace elanus::wire {

class RestV1 {
  public:
    using Operation = RestResult (RestV1::*)(const RestCall&);
    struct Route {
        std::string_view method;
        Operation operation = nullptr;  // null: there is no such path
    };

    RestV1(proxy::Proxy& proxy, RestRoutes& routes) : proxy_(proxy), routes_(routes) {}

    // `path` without the prefix.
    static Route Find(std::string_view path);
    // "collectionName=books&dbName=d" as the JSON object that a POST would have carried.
    static std::string QueryAsBody(std::string_view query);

  private:
    RestResult ListCollections(const RestCall& call);
    RestResult DescribeCollection(const RestCall& call);
    RestResult CreateCollection(const RestCall& call);
    RestResult DropCollection(const RestCall& call);
    RestResult Insert(const RestCall& call);
    RestResult Upsert(const RestCall& call);
    RestResult Delete(const RestCall& call);
    RestResult Query(const RestCall& call);
    RestResult Get(const RestCall& call);
    RestResult Search(const RestCall& call);

    // The answer of v2 to `body`, its member `data` alone.
    RestResult Forward(RestResult (RestRoutes::*route)(const RestCall&), const RestCall& call,
                       const std::string& body);

    proxy::Proxy& proxy_;
    RestRoutes& routes_;
};

}  // namespace elanus::wire
