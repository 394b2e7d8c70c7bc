// GoogleTokens: access tokens for a service account ("Using OAuth 2.0 for Server to Server
// Applications", published by Google; RFC 7523): a statement signed with the account's key is
// exchanged for a token, which is kept until shortly before it ends.
//
// Neither key, statement nor token gets into a failure. Threads: any.
#pragma once

#include "base/call_context.h"
#include "base/mutex.h"
#include "base/status.h"
#include "function/model_access.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace elanus::function {

class GoogleTokens {
  public:
    // `account` is the JSON text that Google gives out for a service account. 1100 when it is none.
    static base::Result<std::unique_ptr<GoogleTokens>> Create(
        std::shared_ptr<const ModelAccess> access, std::string_view account);

    // 2400 when the service gives none.
    base::Result<std::string> Get(const base::CallContext& context, int64_t timeout_ms);
    // The next Get asks for another.
    void Forget();
    // Empty when the account's text names none.
    const std::string& project() const { return project_; }

  private:
    GoogleTokens() = default;

    base::Result<std::string> Statement(int64_t now_s) const;
    base::Status Renew(const base::CallContext& context, int64_t timeout_ms) REQUIRES(mutex_);

    std::shared_ptr<const ModelAccess> access_;
    std::string email_;
    std::string private_key_;
    std::string key_id_;
    std::string token_uri_;
    std::string project_;

    base::Mutex mutex_;
    std::string token_ GUARDED_BY(mutex_);
    int64_t ends_at_s_ GUARDED_BY(mutex_) = 0;
};

}  // namespace elanus::function
