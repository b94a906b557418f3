#include "bench/net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <stdexcept>

namespace tickrelay::bench {
namespace {

bool is_address(const std::string& name) {
  in6_addr ignored;
  return inet_pton(AF_INET, name.c_str(), &ignored) == 1 || inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

void trust_pem(SSL_CTX* context, const std::string& pem) {
  BIO* bytes = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  int count = 0;
  while (X509* certificate = PEM_read_bio_X509(bytes, nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
    X509_free(certificate);
    ++count;
  }
  BIO_free(bytes);
  ERR_clear_error();
  if (count == 0) throw std::runtime_error("--ca: there is no certificate in PEM");
}

int length_of(std::size_t bytes) { return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)); }

}  // namespace

TlsTrust::TlsTrust(const std::string& ca, bool insecure) : context_(SSL_CTX_new(TLS_client_method())) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context_, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (ca.empty()) SSL_CTX_set_default_verify_paths(context_);
  else trust_pem(context_, ca);
}

TlsTrust::~TlsTrust() { SSL_CTX_free(context_); }

// Without a shutdown, be it a silent one, OpenSSL would call the session a bad one.
void TlsStream::Free::operator()(SSL* ssl) const {
  SSL_set_quiet_shutdown(ssl, 1);
  SSL_shutdown(ssl);
  SSL_free(ssl);
}

TlsStream::TlsStream(const TlsTrust& trust, int socket, const std::string& name, const TlsSession& session)
    : ssl_(SSL_new(trust.context())) {
  if (session) SSL_set_session(ssl_.get(), session.get());
  SSL_set_fd(ssl_.get(), socket);
  SSL_set_connect_state(ssl_.get());
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str());
  } else {
    SSL_set1_host(ssl_.get(), name.c_str());
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
  }
}

TlsStream::Shaken TlsStream::shake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return Shaken::done;
  const int error = SSL_get_error(ssl_.get(), done);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Shaken::not_yet : Shaken::failed;
}

std::string TlsStream::why() const {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    return std::string("the server's certificate: ") + X509_verify_cert_error_string(verified) + " (--ca FILE, or --insecure)";
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return std::string("TLS: ") + (reason != nullptr ? reason : "the server closed the connection");
}

TlsSession TlsStream::session() const { return {SSL_get1_session(ssl_.get()), SSL_SESSION_free}; }

bool TlsStream::wants_write() const { return SSL_want_write(ssl_.get()); }

std::ptrdiff_t TlsStream::receive(std::span<std::uint8_t> into) {
  ERR_clear_error();
  return result(SSL_read(ssl_.get(), into.data(), length_of(into.size())));
}

std::ptrdiff_t TlsStream::send(std::span<const std::uint8_t> bytes) {
  ERR_clear_error();
  return result(SSL_write(ssl_.get(), bytes.data(), length_of(bytes.size())));
}

// errno of a system call that failed stays as it is.
std::ptrdiff_t TlsStream::result(int count) {
  if (count > 0) return count;
  switch (SSL_get_error(ssl_.get(), count)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_SYSCALL:
      if (errno != 0) return -1;
      return 0;
    default: errno = EPROTO; return -1;
  }
}

}  // namespace tickrelay::bench
