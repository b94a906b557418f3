// What a port's TLS files hold, read and checked once; immutable afterwards, so that any thread may use it.
// Owner: tls.cpp, whose handshakes share it.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <variant>

#include "relay/tls.h"

namespace tickrelay {

template <auto release>
struct TlsRelease {
    void operator()(auto* object) const { release(object); }
};
inline void release_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
inline void release_names(STACK_OF(X509_NAME) * stack) { sk_X509_NAME_pop_free(stack, X509_NAME_free); }

struct TlsIdentity {
    std::unique_ptr<X509, TlsRelease<X509_free>> leaf;
    std::unique_ptr<STACK_OF(X509), TlsRelease<release_stack>> chain;
    std::unique_ptr<EVP_PKEY, TlsRelease<EVP_PKEY_free>> key;
    std::unique_ptr<X509_STORE, TlsRelease<X509_STORE_free>> clients;  // null: none asked for
    std::unique_ptr<STACK_OF(X509_NAME), TlsRelease<release_names>> client_names;
    std::int64_t expires_s = 0;
};

// Every check that can be made before a client comes. A text names file, cause and remedy.
std::variant<std::shared_ptr<const TlsIdentity>, std::string> read_tls_identity(const TlsSettings& settings);

// Which files stand at the paths: another value after a change. A missing file has one, too.
struct TlsStamp {
    struct File {
        dev_t device = 0;
        ino_t number = 0;
        off_t bytes = 0;
        std::int64_t changed_ns = 0;
        friend bool operator==(const File&, const File&) = default;
    };
    std::array<File, 3> files{};
    friend bool operator==(const TlsStamp&, const TlsStamp&) = default;
};
TlsStamp stamp_of(const TlsSettings& settings);

}  // namespace tickrelay
