#include "wire/rest_service.h"

#include "wire/rest_routes.h"
#include "wire/rest_v1.h"

#include <map>

namespace elanus::wire {
namespace {

constexpr std::string_view kPrefix = "/v2/vectordb/";
constexpr std::string_view kOldPrefix = "/v1/vector/";

using Route = RestResult (RestRoutes::*)(const RestCall&);

const std::map<std::string_view, Route>& Routes() {
    static const std::map<std::string_view, Route> routes = {
        {"collections/list", &RestRoutes::ListCollections},
        {"collections/has", &RestRoutes::HasCollection},
        {"collections/describe", &RestRoutes::DescribeCollection},
        {"collections/get_stats", &RestRoutes::CollectionStats},
        {"collections/get_load_state", &RestRoutes::LoadState},
        {"collections/create", &RestRoutes::CreateCollection},
        {"collections/drop", &RestRoutes::DropCollection},
        {"collections/load", &RestRoutes::Load},
        {"collections/refresh_load", &RestRoutes::RefreshLoad},
        {"collections/release", &RestRoutes::Release},
        {"collections/flush", &RestRoutes::Flush},
        {"collections/rename", &RestRoutes::RenameCollection},
        {"collections/alter_properties", &RestRoutes::AlterCollection},
        {"collections/drop_properties", &RestRoutes::DropCollectionProperties},
        {"collections/truncate", &RestRoutes::TruncateCollection},
        {"collections/fields/add", &RestRoutes::AddField},
        {"collections/struct_fields/add", &RestRoutes::AddStructField},
        {"collections/fields/alter_properties", &RestRoutes::AlterField},
        {"collections/add_function", &RestRoutes::AddFunction},
        {"collections/alter_function", &RestRoutes::AlterFunction},
        {"collections/drop_function", &RestRoutes::DropFunction},
        {"collections/compact", &RestRoutes::Compact},
        {"collections/get_compaction_state", &RestRoutes::CompactionState},
        {"entities/insert", &RestRoutes::Insert},
        {"entities/upsert", &RestRoutes::Upsert},
        {"entities/delete", &RestRoutes::Delete},
        {"entities/query", &RestRoutes::Query},
        {"entities/get", &RestRoutes::Get},
        {"entities/search", &RestRoutes::Search},
        {"entities/hybrid_search", &RestRoutes::HybridSearch},
        {"entities/advanced_search", &RestRoutes::HybridSearch},
        {"indexes/list", &RestRoutes::ListIndexes},
        {"indexes/describe", &RestRoutes::DescribeIndex},
        {"indexes/create", &RestRoutes::CreateIndex},
        {"indexes/drop", &RestRoutes::DropIndex},
        {"indexes/alter_properties", &RestRoutes::AlterIndex},
        {"indexes/drop_properties", &RestRoutes::DropIndexProperties},
        {"partitions/list", &RestRoutes::ListPartitions},
        {"partitions/has", &RestRoutes::HasPartition},
        {"partitions/get_stats", &RestRoutes::PartitionStats},
        {"partitions/create", &RestRoutes::CreatePartition},
        {"partitions/drop", &RestRoutes::DropPartition},
        {"partitions/load", &RestRoutes::LoadPartitions},
        {"partitions/release", &RestRoutes::ReleasePartitions},
        {"aliases/list", &RestRoutes::ListAliases},
        {"aliases/describe", &RestRoutes::DescribeAlias},
        {"aliases/create", &RestRoutes::CreateAlias},
        {"aliases/alter", &RestRoutes::AlterAlias},
        {"aliases/drop", &RestRoutes::DropAlias},
        {"databases/list", &RestRoutes::ListDatabases},
        {"databases/create", &RestRoutes::CreateDatabase},
        {"databases/drop", &RestRoutes::DropDatabase},
        {"databases/describe", &RestRoutes::DescribeDatabase},
        {"databases/alter", &RestRoutes::AlterDatabase},
        {"databases/alter_properties", &RestRoutes::AlterDatabase},
        {"databases/drop_properties", &RestRoutes::DropDatabaseProperties},
        {"common/run_analyzer", &RestRoutes::RunAnalyzer},
    };
    return routes;
}

// Paths of Milvus that this server does not answer; a group ends with '/'.
constexpr std::string_view kNotBuilt[] = {
    "users/",           "roles/",    "privilege_groups/", "jobs/",
    "resource_groups/", "segments/", "quotacenter/",      "common/",
};

bool IsNotBuilt(std::string_view path) {
    for (const std::string_view known : kNotBuilt) {
        if (known.back() == '/' ? path.starts_with(known) : path == known) {
            return true;
        }
    }
    return false;
}

HttpResponse Respond(int http_status, std::string body) {
    return {.status = http_status,
            .content_type = "application/json; charset=utf-8",
            .body = std::move(body)};
}

HttpResponse Failure(int http_status, int32_t code, std::string_view message) {
    std::string body = "{\"code\":" + std::to_string(code) + ",\"message\":";
    json::WriteString(message, &body);
    return Respond(http_status, body + "}");
}

HttpResponse Failure(const base::Status& status) {
    constexpr int kRequestTimeout = 408;
    return Failure(status.code() == base::Code::kTimeout ? kRequestTimeout : 200,
                   static_cast<int32_t>(status.code()), status.reason());
}

HttpResponse Success(const RestReply& reply, std::string_view code = "0") {
    std::string body;
    body.reserve(reply.data.size() + reply.more.size() + 24);
    body.append("{\"code\":").append(code).append(reply.more);
    body.append(",\"data\":").append(reply.data);
    return Respond(200, std::move(body.append("}")));
}

base::Result<Int64Form> ReadInt64Form(const HttpRequest& request) {
    const std::string_view header = request.Header("Accept-Type-Allow-Int64");
    bool allowed = true;
    if (!header.empty() && !ReadBoolText(header, &allowed)) {
        return base::InvalidParameter(
            "the header Accept-Type-Allow-Int64 should be true or false, but it is " +
            std::string(header));
    }
    return allowed ? Int64Form::kNumber : Int64Form::kText;
}

class RestService : public HttpHandler {
  public:
    RestService(proxy::Proxy& proxy, sys::Clock& clock)
        : routes_(proxy, clock), old_routes_(proxy, routes_) {}

    HttpResponse Handle(const HttpRequest& request) override {
        HttpResponse response = Dispatch(request);
        if (!request.context.request_id.empty()) {
            response.headers.emplace_back("X-Milvus-Trace-Id", request.context.request_id);
        }
        return response;
    }

  private:
    HttpResponse Dispatch(const HttpRequest& request) {
        std::string_view path = request.path;
        if (path.starts_with(kOldPrefix)) {
            path.remove_prefix(kOldPrefix.size());
            return DispatchOld(request, path);
        }
        if (!path.starts_with(kPrefix)) {
            return NotFound(request.path);
        }
        path.remove_prefix(kPrefix.size());
        const auto route = Routes().find(path);
        if (route == Routes().end()) {
            return IsNotBuilt(path) ? NotBuilt(request.path) : NotFound(request.path);
        }
        if (request.method != "POST") {
            return WrongMethod(request.path, "POST");
        }
        const RestResult reply = Run(request, request.body, routes_, route->second);
        return reply.ok() ? Success(*reply) : Failure(reply.status());
    }

    HttpResponse DispatchOld(const HttpRequest& request, std::string_view path) {
        const RestV1::Route route = RestV1::Find(path);
        if (route.operation == nullptr) {
            return NotFound(request.path);
        }
        if (request.method != route.method) {
            return WrongMethod(request.path, route.method);
        }
        const std::string body =
            request.method == "GET" ? RestV1::QueryAsBody(request.query) : request.body;
        const RestResult reply = Run(request, body, old_routes_, route.operation);
        return reply.ok() ? Success(*reply, "200") : Failure(reply.status());
    }

    template <typename Routes>
    static RestResult Run(const HttpRequest& request, const std::string& text, Routes& routes,
                          RestResult (Routes::*route)(const RestCall&)) {
        ASSIGN_OR_RETURN(const Int64Form form, ReadInt64Form(request));
        ASSIGN_OR_RETURN(const RestBody body, RestBody::Parse(text));
        ASSIGN_OR_RETURN(std::string database, body.Text("dbName"));
        if (database.empty()) {
            database = request.Header("DB-Name");
        }
        return (routes.*route)({request.context, body, std::move(database), form});
    }

    static HttpResponse WrongMethod(const std::string& path, std::string_view method) {
        return Failure(405, 405,
                       "405 method not allowed: " + path + " takes " + std::string(method));
    }

    static HttpResponse NotFound(const std::string& path) {
        return Failure(404, 404, "404 page not found: " + path);
    }
    static HttpResponse NotBuilt(const std::string& path) {
        return Failure(base::Status::Error(base::Code::kUnimplemented,
                                           path + " is not built in this server yet"));
    }

    RestRoutes routes_;
    RestV1 old_routes_;
};

}  // namespace

std::unique_ptr<HttpHandler> MakeRestService(proxy::Proxy& proxy, sys::Clock& clock) {
    return std::make_unique<RestService>(proxy, clock);
}

}  // namespace elanus::wire
