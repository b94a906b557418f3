// One connection to the admin socket: its bytes, in clear on the Unix socket and in TLS over TCP, and how far they got.
// Owner: AdminSocket's thread. `in` holds at most one line and a read's worth; `out` one answer, or news.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "relay/door/rpc.h"
#include "relay/tls_stream.h"

namespace tickrelay {

inline constexpr std::size_t admin_line_bytes_max = 1024 * 1024;
inline constexpr std::size_t admin_auth_bytes_max = 4 * 1024;  // of a line by whoever is not known yet

struct AdminClient {
    int fd = -1;
    AdminSession session;
    std::string in;
    std::size_t scanned = 0;  // no line break in in[0, scanned)
    std::string out;
    std::size_t sent = 0;
    short events = 0;      // what poll said
    bool ended = false;    // the peer will send no more: answer what is there, then close
    bool closing = false;  // close once `out` is written
    bool more = false;     // complete lines wait for their turn

    std::optional<TlsStream> tls;
    short read_waits = 0;       // of poll, where TLS read and would have to write first; else 0
    bool token_due = false;     // its first line must be the token
    std::int64_t until_ms = 0;  // by then it must be known; 0: it is
    std::string address;        // over TCP, "10.0.0.2:4711"

    explicit AdminClient(int descriptor) : fd(descriptor) {}
    ~AdminClient();
    AdminClient(const AdminClient&) = delete;
    AdminClient& operator=(const AdminClient&) = delete;

    [[nodiscard]] bool idle() const { return sent == out.size(); }
    [[nodiscard]] std::size_t line_max() const { return token_due ? admin_auth_bytes_max : admin_line_bytes_max; }
    [[nodiscard]] bool known() const { return until_ms == 0; }
    [[nodiscard]] bool secured() const { return !tls || tls->established(); }
    [[nodiscard]] bool may_read() const { return tls ? events != 0 || tls->holds_read() : (events & (POLLIN | POLLHUP)) != 0; }
    [[nodiscard]] bool holds_read() const { return secured() && tls && idle() && !ended && tls->holds_read(); }
    [[nodiscard]] short waits() const;  // for poll

    // False: the connection is gone.
    bool secure();     // goes on with the handshake
    bool read_some();  // up to a line's limit
    bool write_out();  // what the kernel takes
};

}  // namespace tickrelay
