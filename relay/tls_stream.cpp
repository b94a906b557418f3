#include "relay/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "relay/core/check.h"
#include "relay/tls.h"

namespace tickrelay {

void ReleaseTls::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void ReleaseTls::operator()(ssl_st* connection) const { SSL_free(connection); }

TlsContext make_server_context(Tls& tls) {
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    CHECK(context);
    tls.prepare(context.get());
    return context;
}

TlsStream::TlsStream(ssl_ctx_st& context, int fd) : ssl_(SSL_new(&context)) {
    CHECK(ssl_ && SSL_set_fd(ssl_.get(), fd) == 1);
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

TlsStream TlsStream::accept(ssl_ctx_st& context, int fd) {
    TlsStream stream(context, fd);
    SSL_set_accept_state(stream.ssl_.get());
    stream.events_ = POLLIN;
    return stream;
}

TlsStream TlsStream::connect(ssl_ctx_st& context, int fd, const std::string& host) {
    TlsStream stream(context, fd);
    SSL* ssl = stream.ssl_.get();
    SSL_set_connect_state(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
        ERR_clear_error();
        SSL_set1_host(ssl, host.c_str());
        SSL_set_tlsext_host_name(ssl, host.c_str());
    }
    stream.events_ = POLLOUT;
    return stream;
}

TlsStream::~TlsStream() {
    if (!ssl_ || !established_ || !why_.empty()) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

TlsStream::Result TlsStream::result_of(int returned) {
    if (returned > 0) return Result::done;
    const int cause = errno;
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ: events_ = POLLIN; return Result::wait;
        case SSL_ERROR_WANT_WRITE: events_ = POLLOUT; return Result::wait;
        case SSL_ERROR_ZERO_RETURN: return Result::ended;
        case SSL_ERROR_SYSCALL: why_ = ERR_peek_error() == 0 && cause != 0 ? std::strerror(cause) : tls_error_text(); break;
        default: why_ = tls_error_text();
    }
    if (const long refused = SSL_get_verify_result(ssl_.get()); !established_ && refused != X509_V_OK) {
        why_.append(": ").append(X509_verify_cert_error_string(refused));
    }
    return Result::failed;
}

TlsStream::Result TlsStream::handshake() {
    ERR_clear_error();
    const Result result = result_of(SSL_do_handshake(ssl_.get()));
    established_ = result == Result::done;
    return result;
}

TlsStream::Result TlsStream::read(std::span<char> to, std::size_t& got) {
    got = 0;
    ERR_clear_error();
    return result_of(SSL_read_ex(ssl_.get(), to.data(), to.size(), &got));
}

TlsStream::Result TlsStream::write(std::string_view bytes, std::size_t& took) {
    took = 0;
    ERR_clear_error();
    return result_of(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &took));
}

bool TlsStream::holds_read() const { return SSL_has_pending(ssl_.get()) == 1 && SSL_pending(ssl_.get()) > 0; }

std::string TlsStream::peer() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    if (!certificate) return {};
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> text(BIO_new(BIO_s_mem()), BIO_free_all);
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(text.get(), &bytes);
    return {bytes, static_cast<std::size_t>(std::max(count, 0L))};
}

}  // namespace tickrelay
