#include "http/aws_signature.h"

#include "base/ascii.h"
#include "http/signature.h"

#include <chrono>
#include <cstdio>
#include <map>

namespace elanus::http {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// "20150830T123600Z".
std::string DateOf(int64_t wall_ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> moment{
        std::chrono::milliseconds(wall_ms)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(moment - day));
    char text[32];
    std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text;
}

struct Place {
    std::string host;  // with a port that is not the scheme's own, as it is sent
    std::string path;
};

Place PlaceOf(std::string_view url) {
    const bool is_tls = url.starts_with("https://");
    url.remove_prefix(is_tls ? 8 : 7);
    const size_t slash = std::min(url.find('/'), url.size());
    std::string_view host = url.substr(0, slash);
    const std::string_view own_port = is_tls ? ":443" : ":80";
    if (host.ends_with(own_port)) {
        host.remove_suffix(own_port.size());
    }
    return {std::string(host), slash == url.size() ? "/" : std::string(url.substr(slash))};
}

}  // namespace

void SignForAws(const AwsSigner& signer, int64_t wall_ms, Request* request) {
    const std::string date = DateOf(wall_ms);
    const std::string day = date.substr(0, 8);
    const Place place = PlaceOf(request->url);
    request->headers.emplace_back("X-Amz-Date", date);
    std::map<std::string, std::string> headers = {{"host", place.host}};
    for (const auto& [name, value] : request->headers) {
        headers[base::AsciiLower(name)] = value;
    }
    std::string listed;
    std::string names;
    for (const auto& [name, value] : headers) {
        listed += name + ":" + value + "\n";
        names += (names.empty() ? "" : ";") + name;
    }
    // Services other than S3 encode the path once more than it is sent.
    const std::string canonical = "POST\n" + EncodePath(place.path) + "\n\n" + listed + "\n" +
                                  names + "\n" + Hex(Sha256(request->body));
    const std::string scope = day + "/" + signer.region + "/" + signer.service + "/aws4_request";
    const std::string to_sign =
        std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" + Hex(Sha256(canonical));
    std::string key = "AWS4" + signer.secret_access_key;
    for (const std::string& step :
         {day, signer.region, signer.service, std::string("aws4_request")}) {
        key = HmacSha256(key, step);
    }
    request->headers.emplace_back(
        "Authorization", std::string(kAlgorithm) + " Credential=" + signer.access_key_id + "/" +
                             scope + ", SignedHeaders=" + names +
                             ", Signature=" + Hex(HmacSha256(key, to_sign)));
}

}  // namespace elanus::http
