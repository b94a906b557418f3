#include "tests/e2e/websocket/tls_client.h"

#include <fcntl.h>
#include <poll.h>

namespace tickrelay::test {

TlsClient::TlsClient(std::uint16_t port, int receive_buffer_bytes, SSL_SESSION* session, int newest)
    : RawClient(port, "127.0.0.1", receive_buffer_bytes), context_(SSL_CTX_new(TLS_client_method())) {
    if (newest != 0) {
        SSL_CTX_set_security_level(context_, 0);  // which forbids the old ones
        SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_, newest);
    }
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_, keep);
    ssl_ = SSL_new(context_);
    SSL_set_app_data(ssl_, this);
    fcntl(fd(), F_SETFL, fcntl(fd(), F_GETFL) | O_NONBLOCK);
    SSL_set_fd(ssl_, fd());
    SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (session) SSL_set_session(ssl_, session);
    SSL_set_connect_state(ssl_);
}

TlsClient::~TlsClient() {
    if (SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);  // else OpenSSL would call its session bad
    SSL_free(ssl_);
    SSL_SESSION_free(session_);
    SSL_CTX_free(context_);
}

int TlsClient::keep(SSL* ssl, SSL_SESSION* session) {
    auto& self = *static_cast<TlsClient*>(SSL_get_app_data(ssl));
    SSL_SESSION_free(self.session_);
    self.session_ = session;
    return 1;  // it is ours now
}

bool TlsClient::handshake() {
    for (;;) {
        const int result = SSL_do_handshake(ssl_);
        if (result == 1) return true;
        const int error = SSL_get_error(ssl_, result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
        pollfd ready{fd(), static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
        if (poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) <= 0) return false;
    }
}

std::string TlsClient::server() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    char name[256] = "";
    if (certificate) X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
    X509_free(certificate);
    return name;
}

long TlsClient::put(std::string_view bytes) {
    const int sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (sent > 0) return sent;
    return SSL_get_error(ssl_, sent) == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

long TlsClient::take(char* to, std::size_t bytes_max) {
    const int bytes = SSL_read(ssl_, to, static_cast<int>(bytes_max));
    if (bytes > 0) return bytes;
    return SSL_get_error(ssl_, bytes) == SSL_ERROR_WANT_READ ? -1 : 0;
}

}  // namespace tickrelay::test
