#pragma once
// TLS from the client's side on non-blocking sockets, by OpenSSL: what all connections of a load trust, and one connection's stream.
// OpenSSL takes a record at a time from the socket and nothing ahead, so that what epoll says of the socket holds, and a slow
// reader leaves to the kernel what it has not read.

#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ssl_session_st;

namespace tickrelay::bench {

// Shared by connections of one thread.
class TlsTrust {
 public:
  // ca: certificates in PEM, "" for the system's. insecure: any certificate will do. Throws std::runtime_error.
  TlsTrust(const std::string& ca, bool insecure);
  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;

  SSL_CTX* context() const { return context_; }

 private:
  SSL_CTX* context_;
};

// What a server gave to come back with, as browsers and the SDKs do; null: nothing.
using TlsSession = std::shared_ptr<ssl_session_st>;

class TlsStream {
 public:
  enum class Shaken { done, not_yet, failed };

  // Of a connected socket, which stays the caller's. name: a host or an address, which the certificate must be for.
  TlsStream(const TlsTrust& trust, int socket, const std::string& name, const TlsSession& session);

  Shaken shake();
  std::string why() const;  // it failed
  bool wants_write() const;
  TlsSession session() const;  // of a handshake that is done

  // As recv and send: -1 and EAGAIN where nothing came or fits; after that, send again what begins the same.
  std::ptrdiff_t receive(std::span<std::uint8_t> into);
  std::ptrdiff_t send(std::span<const std::uint8_t> bytes);

 private:
  std::ptrdiff_t result(int count);

  struct Free {
    void operator()(SSL* ssl) const;
  };
  std::unique_ptr<SSL, Free> ssl_;
};

}  // namespace tickrelay::bench
