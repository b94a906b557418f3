// The server's side of TLS on one of the relay's ports: certificate, key and client authorities out of PEM files, which
// may be exchanged while connections last, and the ticket keys by which clients resume on any loop.
// Owner: relay.cpp, for longer than whatever was prepared with it. load() and changed() by one thread at a time;
// prepare(), handshakes and figures by any.
//
// TLS 1.2 and 1.3 only, the server's choice of cipher, no renegotiation, no compression.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct ssl_ctx_st;

namespace tickrelay {

struct TlsSettings {
    std::string section = "tls";  // of the configuration that names the files, for messages
    std::string cert = {};        // path of a PEM file: the certificate, then its chain
    std::string key = {};         // path of a PEM file without a passphrase
    std::string client_ca = {};   // path of a PEM file: a client must have a certificate by one of these; empty: none is asked for
    bool only_1_3 = false;

    friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

class Tls {
  public:
    static constexpr std::int64_t ticket_key_life_s = 12 * 3600;  // then a new one; the one before is still read

    explicit Tls(TlsSettings settings);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    // Reads the files; later handshakes use them. An error text that names file, cause and remedy: then nothing changes.
    [[nodiscard]] std::optional<std::string> load();
    [[nodiscard]] std::optional<std::string> load(TlsSettings settings);

    // Whether a file is another one than at the last load(), and has been for two calls: it may just be written.
    [[nodiscard]] bool changed();

    // Makes a context of a server out of it: everything but ALPN. REQUIRES: load() went well.
    void prepare(ssl_ctx_st* context);

    // A context for clients, which nobody uses: libwebsockets makes one per context otherwise, and loses it at the end.
    [[nodiscard]] ssl_ctx_st* unused_client_context() const;

    [[nodiscard]] const TlsSettings& settings() const { return settings_; }
    [[nodiscard]] bool asks_clients() const { return !settings_.client_ca.empty(); }

    struct Figures {
        std::int64_t expires_s = 0;  // since 1970: when the first certificate of the chain ends
        std::uint64_t full = 0;      // handshakes that were completed
        std::uint64_t resumed = 0;
    };
    [[nodiscard]] Figures figures() const;

    // `host`, where the certificate is for it, else the first name that it is for; `host`, where that is none.
    [[nodiscard]] std::string host_for(const std::string& host) const;

    struct Parts;  // its own

  private:
    TlsSettings settings_;
    std::unique_ptr<Parts> parts_;
};

// What OpenSSL has to say about its last failure on this thread, which is then forgotten; never empty.
std::string tls_error_text();

}  // namespace tickrelay
