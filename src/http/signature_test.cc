// Signatures against those of the openssl program, of RFC 4231, and of AWS' own client (botocore).
#include "http/signature.h"

#include "http/aws_signature.h"

#include <gtest/gtest.h>

namespace elanus::http {
namespace {

constexpr const char* kKey =  // made for this test
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAL605JoikahRlq2n\n"
    "AEPNLH6r/+xosbj5iHJvxJ2spisEDeRucQ30UlQaf7WnevfP7Aox8TBkh7jtrUxG\n"
    "hT9FoYc25qyRrkGQKUkyj6AfwuU+T6+eV1/0VMgojlSoy9JWVjCeAgm78vtoFgqo\n"
    "FECYW+wxjfjrt1kiUFqLvqGxr547AgMBAAECgYBHNJeejYXBSSVvlUleB3+zlFks\n"
    "VjL1lAZEZEMPdGVe7laZkjsYML+Es5g3pV8epD3H2Lnrjb23aNcqAbLC2ybiBjko\n"
    "V3s1MfgmVpHu/WT5hu40rwpojg6PecGJbBdij3HCUeAYRrxx6H70SXvw6MBUdi7R\n"
    "37nttFOs5gSSGIEloQJBAO629DicqlY/86rPlf4zvznA6Hh+9xgybVJk4Wzt2X7h\n"
    "TZIISb4cHSfkAd6pAFuc6yUZPmEHe/lbeEy1yYJPaHkCQQDMhAPqzmCKY/FsoV7G\n"
    "JPj9wqbJdNFOOAQAGmTM6/vooapzy0bwoQZqCJjyF41wJHMpFkIUOD/wAlMnL+20\n"
    "RPdTAkEAj8VSu5HnqUClEdgqf0pNPoxntsLJMSKV4wztE/0AhEFPxccGGuC10qOp\n"
    "WKAynfqZSOO2RRwL17f2cUT/U2NeCQJBAJsSmtnHJMKqp5wD/BXoYPghSVBGCJLz\n"
    "vGzLlpUfdoJdWx60CxVYM8HgxQAERdW7faqw2uf0At8dFCoJmIbxKEsCQQC4WOii\n"
    "Mz6qqXAoZ85SpRS3uZx1B8Y9Huz30At5L4+u5VH0O3w44PjLrSHR3l85IHcWT1kq\n"
    "aiNIdYH4MMAWsxxo\n"
    "-----END PRIVATE KEY-----\n";

TEST(Signature, HashesAsPublished) {
    EXPECT_EQ(Hex(Sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST(Signature, Rs256IsThatOfTheOpensslProgram) {
    const auto signature = SignRs256(kKey, "header.claims");
    ASSERT_TRUE(signature.ok()) << signature.status().reason();
    EXPECT_EQ(Hex(*signature),
              "368811887d86aab0a1b02733af725b0d8e374245775e6b39d9164955cc6cdae2"
              "62c147a45663bfaf759c9fd2f4787290a80317cf3a37a46d9d6b72c2054697f3"
              "47c52fb09c4f795eb72e929a892c3e85876f9e62591636dd436b7046f687c46e"
              "fe5d1b2cbdb6a42ec95d395f28c7eb756cda4e37da655829030459321f5e2255");
}

TEST(Signature, RefusesWhatIsNoKeyWithoutShowingIt) {
    for (const std::string key : {"", "secret", "-----BEGIN PRIVATE KEY-----\nsecret\n"}) {
        const auto signature = SignRs256(key, "x");
        EXPECT_EQ(signature.status().code(), base::Code::kInvalidParameter);
        EXPECT_EQ(signature.status().reason().find("secret"), std::string::npos);
    }
}

std::string AuthorizationOf(Request request, const char* service) {
    constexpr int64_t kMs = 1'440'938'160'000;  // 2015-08-30 12:36:00 UTC
    SignForAws({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", service},
               kMs, &request);
    EXPECT_EQ(request.headers[request.headers.size() - 2].second, "20150830T123600Z");
    EXPECT_EQ(request.headers.back().first, "Authorization");
    return request.headers.back().second;
}

TEST(AwsSignature, IsThatOfTheirClient) {
    EXPECT_EQ(AuthorizationOf({"https://example.amazonaws.com/", {}, "", 1}, "service"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date, "
              "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    EXPECT_EQ(
        AuthorizationOf({"https://bedrock-runtime.us-east-1.amazonaws.com/model/" +
                             EncodePath("amazon.titan-embed-text-v2:0") + "/invoke",
                         {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                         R"({"inputText":"a"})",
                         1},
                        "bedrock"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=accept;content-type;host;x-amz-date, "
        "Signature=a3472c2d9f31ceeceb0786f633ebaa172853cf7105cb61fbda5eacca50c33352");
}

}  // namespace
}  // namespace elanus::http
