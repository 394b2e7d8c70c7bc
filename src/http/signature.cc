#include "http/signature.h"

#include <memory>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

namespace elanus::http {
namespace {

const unsigned char* Bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free>>;

// A key with a pass phrase is none: nobody is there to be asked.
int NoPassPhrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

std::string Sha256(std::string_view text) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), &size,
                   EVP_sha256(), nullptr);
    CHECK(done == 1, "SHA-256 failed");
    out.resize(size);
    return out;
}

std::string HmacSha256(std::string_view key, std::string_view text) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text),
                            text.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
    CHECK(done != nullptr, "HMAC failed");
    out.resize(size);
    return out;
}

base::Result<std::string> SignRs256(std::string_view key, std::string_view text) {
    const Memory memory(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    const Key read(PEM_read_bio_PrivateKey(memory.get(), nullptr, NoPassPhrase, nullptr));
    if (read == nullptr || EVP_PKEY_base_id(read.get()) != EVP_PKEY_RSA) {
        return base::InvalidParameter("the private key is no RSA key in PEM");
    }
    const Digest digest(EVP_MD_CTX_new());
    size_t size = 0;
    std::string out;
    if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, read.get()) == 1 &&
        EVP_DigestSign(digest.get(), nullptr, &size, Bytes(text), text.size()) == 1) {
        out.resize(size);
        if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                           Bytes(text), text.size()) == 1) {
            out.resize(size);
            return out;
        }
    }
    return base::InvalidParameter("the private key does not sign");
}

std::string Hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
        out.push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
        out.push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
    }
    return out;
}

}  // namespace elanus::http
