// Where the admin socket is, for the relay and for tickrelayctl: the same places in the same order.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace tickrelay {

// $XDG_RUNTIME_DIR/tickrelay/admin.sock; as root /run/tickrelay/admin.sock; else <temporary>/tickrelay-UID/admin.sock.
std::string admin_path();

// Where a relay of this user, or of root, may be found.
std::vector<std::string> admin_paths();

struct UnixListener {
    int fd = -1;
    std::string path;
};

// Binds and listens with mode 0600, making the folder (0700) where it is missing. A socket that nobody answers on is
// replaced, a live one is not: the error says who has it and what to do. Text is an error.
std::variant<UnixListener, std::string> listen_unix(const std::string& path, int backlog);

// Connects (blocking). An error leaves fd −1 with errno's text.
struct UnixConnection {
    int fd = -1;
    int error = 0;  // an errno
};
UnixConnection connect_unix(const std::string& path);

}  // namespace tickrelay
