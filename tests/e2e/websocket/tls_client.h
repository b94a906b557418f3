// RawClient over TLS, by OpenSSL, whose certificate checks are left out: what it shows is asked for instead.
// Owner: one test thread.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "tests/e2e/websocket/raw_client.h"

namespace tickrelay::test {

class TlsClient final : public RawClient {
  public:
    // session: of an earlier one, to resume; newest: the highest TLS that it speaks, 0: all there is.
    explicit TlsClient(std::uint16_t port, int receive_buffer_bytes = 0, SSL_SESSION* session = nullptr, int newest = 0);
    ~TlsClient() override;

    bool handshake();  // false: refused
    bool upgrade() { return handshake() && RawClient::upgrade(); }
    bool resumed() const { return SSL_session_reused(ssl_) == 1; }
    // Once bytes have been read; valid as long as this. A resumed one of TLS 1.2 goes on.
    SSL_SESSION* session() const { return session_ ? session_ : SSL_get_session(ssl_); }
    std::string server() const;  // "CN=…" of the certificate that was shown
    std::string version() const { return SSL_get_version(ssl_); }

  protected:
    long put(std::string_view bytes) override;
    long take(char* to, std::size_t bytes_max) override;

  private:
    static int keep(SSL* ssl, SSL_SESSION* session);

    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
    SSL_SESSION* session_ = nullptr;
};

}  // namespace tickrelay::test
