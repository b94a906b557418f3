#include "tools/ctl/remote.h"

#include <fcntl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>

#include "relay/options.h"
#include "relay/tls.h"
#include "tools/ctl/call.h"

namespace tickrelay::ctl {

namespace {

constexpr int connect_ms_max = 5'000;  // for the connection, then for the handshake

// OpenSSL writes with signals: without this a relay that goes away would end the program without a word.
class WithoutPipeSignal {
  public:
    WithoutPipeSignal() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~WithoutPipeSignal() {
        constexpr timespec at_once{};
        while (sigtimedwait(&pipe_, nullptr, &at_once) > 0) continue;
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WithoutPipeSignal(const WithoutPipeSignal&) = delete;
    WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

  private:
    sigset_t pipe_{}, before_{};
};

void use(int taken, const std::string& path, const std::string& what) {
    if (taken != 1) throw Failure(exit_usage, path + ": " + what + " (" + tls_error_text() + ")");
}

TlsContext make_context(const Proof& proof, Remote::Trust trust) {
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* c = context.get();
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_verify(c, trust == Remote::Trust::checked ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (proof.ca.empty()) {
        SSL_CTX_set_default_verify_paths(c);
    } else {
        use(SSL_CTX_load_verify_locations(c, proof.ca.c_str(), nullptr), proof.ca, "no authorities can be read from it");
    }
    if (!proof.cert.empty()) {
        use(SSL_CTX_use_certificate_chain_file(c, proof.cert.c_str()), proof.cert, "no certificate can be read from it");
        const std::string& key = proof.key.empty() ? proof.cert : proof.key;
        use(SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM), key, "it has no private key of that certificate: give --key FILE");
    }
    return context;
}

// A connected socket that does not block, or -1 and errno.
int connect_to(const Address& address, std::string& why) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int failed = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found); failed != 0) {
        why = gai_strerror(failed);
        return -1;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    for (; found != nullptr; found = found->ai_next) {
        const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int error = fd < 0 || (connect(fd, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS) ? errno : 0;
        pollfd ready{fd, POLLOUT, 0};
        socklen_t size = sizeof error;
        if (error == 0 && poll(&ready, 1, connect_ms_max) <= 0) error = ETIMEDOUT;
        if (error == 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0) return fd;
        why = std::strerror(error);
        if (fd >= 0) ::close(fd);
    }
    return -1;
}

int open_socket(const std::string& url, std::string& host) {
    Address address;
    if (!parse_address(std::string_view(url).substr(remote_scheme.size()), address)) {
        throw Failure(exit_usage, url + ": must be tls://HOST:PORT, as tls://relay-1.example:8352");
    }
    host = address.host;
    std::string why;
    const int fd = connect_to(address, why);
    if (fd < 0) throw Failure(exit_no_relay, "no relay answers at " + url + ": " + why + ". Is [admin_tcp] listen set there, and the way open?");
    return fd;
}

}  // namespace

Remote::Remote(const std::string& url, const Proof& proof, Trust trust)
    : context_(make_context(proof, trust)), fd_(open_socket(url, host_)), stream_(TlsStream::connect(*context_, fd_, host_)) {
    const WithoutPipeSignal guard;
    for (;;) {
        const auto result = stream_.handshake();
        if (result == TlsStream::Result::done) return;
        std::string why = result == TlsStream::Result::wait ? "it does not answer" : stream_.why();
        if (result == TlsStream::Result::wait && wait(connect_ms_max)) continue;
        ::close(fd_);
        throw Failure(exit_no_relay, url + ": " + why + ". Its certificate must be for " + host_ + " and by an authority of --ca FILE" +
                                         (proof.ca.empty() ? " (now: the system's)" : ""));
    }
}

Remote::~Remote() {
    const WithoutPipeSignal guard;
    { const TlsStream goodbye = std::move(stream_); }
    ::close(fd_);
}

bool Remote::wait(int timeout_ms) const {
    pollfd ready{fd_, stream_.events(), 0};
    int found = 0;
    do found = poll(&ready, 1, timeout_ms);
    while (found < 0 && errno == EINTR);
    return found > 0;
}

bool Remote::send(std::string_view bytes) {
    const WithoutPipeSignal guard;
    while (!bytes.empty()) {
        std::size_t took = 0;
        const auto result = stream_.write(bytes, took);
        if (result == TlsStream::Result::wait && wait(connect_ms_max)) continue;
        if (result != TlsStream::Result::done) return false;
        bytes.remove_prefix(took);
    }
    return true;
}

bool Remote::receive(std::string& into, int timeout_ms, bool& gone) {
    const WithoutPipeSignal guard;
    char bytes[16 * 1024];
    std::size_t got = 0;
    for (;;) {
        const auto result = stream_.read(bytes, got);
        if (result == TlsStream::Result::done) into.append(bytes, got);
        gone = result == TlsStream::Result::ended || result == TlsStream::Result::failed;
        if (result != TlsStream::Result::wait) return !gone;
        if (!wait(timeout_ms)) return false;
    }
}

}  // namespace tickrelay::ctl
