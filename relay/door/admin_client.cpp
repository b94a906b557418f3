#include "relay/door/admin_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace tickrelay {

namespace {

constexpr std::size_t read_bytes = 64 * 1024;

enum class Moved : std::uint8_t { some, none, end, gone };

Moved moved(TlsStream::Result result) {
    switch (result) {
        case TlsStream::Result::done: return Moved::some;
        case TlsStream::Result::wait: return Moved::none;
        case TlsStream::Result::ended: return Moved::end;
        case TlsStream::Result::failed: break;
    }
    return Moved::gone;
}

Moved moved(ssize_t bytes) {
    if (bytes > 0) return Moved::some;
    if (bytes == 0) return Moved::end;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Moved::none : Moved::gone;
}

}  // namespace

AdminClient::~AdminClient() {
    tls.reset();  // its goodbye needs the descriptor
    close(fd);
}

short AdminClient::waits() const {
    if (!secured()) return tls->events();
    // No reading while an answer waits to be read: a client's memory here is one line and one answer.
    const bool reads = idle() && !ended;
    return static_cast<short>((reads ? (read_waits != 0 ? read_waits : POLLIN) : 0) | (idle() ? 0 : POLLOUT));
}

bool AdminClient::secure() { return tls->handshake() != TlsStream::Result::failed; }

bool AdminClient::read_some() {
    while (in.size() <= line_max()) {
        const std::size_t had = in.size();
        std::size_t got = 0;
        in.resize(had + read_bytes);
        Moved result{};
        if (tls) {
            result = moved(tls->read({in.data() + had, read_bytes}, got));
            read_waits = result == Moved::none && tls->events() != POLLIN ? tls->events() : short{0};
        } else {
            const ssize_t bytes = recv(fd, in.data() + had, read_bytes, 0);
            result = moved(bytes);
            got = static_cast<std::size_t>(std::max<ssize_t>(bytes, 0));
        }
        in.resize(had + got);
        if (result == Moved::gone) return false;
        if (result == Moved::end) ended = true;
        if (result != Moved::some) return true;
    }
    return true;
}

bool AdminClient::write_out() {
    while (!idle()) {
        const std::string_view rest(out.data() + sent, out.size() - sent);
        std::size_t took = 0;
        Moved result{};
        if (tls) {
            result = moved(tls->write(rest, took));
        } else {
            const ssize_t bytes = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
            result = moved(bytes);
            took = static_cast<std::size_t>(std::max<ssize_t>(bytes, 0));
        }
        if (result != Moved::some) return result == Moved::none;
        sent += took;
    }
    out.clear();
    sent = 0;
    return true;
}

}  // namespace tickrelay
