#include "relay/door/admin_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace tickrelay {

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets it
    return value == nullptr ? std::string{} : std::string(value);
}

std::string temporary_path() {
    const std::string temporary = environment("TMPDIR");
    return (temporary.empty() ? "/tmp" : temporary) + "/tickrelay-" + std::to_string(getuid()) + "/admin.sock";
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string errno_text() { return std::strerror(errno); }

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

// An error text, or nothing and the folder is there. The one in the shared temporary directory must be ours alone:
// another user could have put it there for us to fall into.
std::optional<std::string> make_folder(const std::string& path) {
    const std::string folder = folder_of(path);
    if (mkdir(folder.c_str(), 0700) == 0) return std::nullopt;
    if (errno != EEXIST) return "cannot make the folder " + folder + ": " + errno_text();
    if (path != temporary_path()) return std::nullopt;
    struct stat found {};
    if (lstat(folder.c_str(), &found) != 0) return folder + ": " + errno_text();
    if (!S_ISDIR(found.st_mode) || found.st_uid != getuid() || (found.st_mode & 077) != 0) {
        return folder +
               " must be a folder that only its owner, you, may enter: remove it, or give another --admin PATH";
    }
    return std::nullopt;
}

// Removes a socket that nobody answers on. REQUIRES: the folder is locked, so that two relays do not both find it dead.
std::optional<std::string> remove_stale(const std::string& path) {
    struct stat found {};
    if (lstat(path.c_str(), &found) != 0) return std::nullopt;
    if (!S_ISSOCK(found.st_mode)) return path + " exists and is not a socket: remove it, or give another --admin PATH";
    const auto probe = connect_unix(path);
    if (probe.fd < 0 && (probe.error == ECONNREFUSED || probe.error == ENOENT)) {
        unlink(path.c_str());
        return std::nullopt;
    }
    std::string who;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (probe.fd >= 0 && getsockopt(probe.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
        who = " (process " + std::to_string(peer.pid) + ")";
    }
    if (probe.fd >= 0) close(probe.fd);
    return "another relay" + who + " already answers at " + path + ": stop it, or give another --admin PATH";
}

}  // namespace

std::string admin_path() {
    if (const auto runtime = environment("XDG_RUNTIME_DIR"); !runtime.empty()) return runtime + "/tickrelay/admin.sock";
    return geteuid() == 0 ? "/run/tickrelay/admin.sock" : temporary_path();
}

std::vector<std::string> admin_paths() {
    std::vector<std::string> paths;
    if (const auto runtime = environment("XDG_RUNTIME_DIR"); !runtime.empty()) {
        paths.push_back(runtime + "/tickrelay/admin.sock");
    }
    paths.emplace_back("/run/tickrelay/admin.sock");
    paths.push_back(temporary_path());
    return paths;
}

UnixConnection connect_unix(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return {-1, ENAMETOOLONG};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return {-1, errno};
    if (connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0) return {fd, 0};
    const int error = errno;
    close(fd);
    return {-1, error};
}

std::variant<UnixListener, std::string> listen_unix(const std::string& path, int backlog) {
    const auto address = address_of(path);
    if (!address) {
        return "the admin socket's path has " + std::to_string(path.size()) + " bytes, at most " +
               std::to_string(sizeof(sockaddr_un::sun_path) - 1) + ": give a shorter --admin PATH";
    }
    if (auto error = make_folder(path)) return std::move(*error);
    const int folder = open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return folder_of(path) + ": " + errno_text();
    flock(folder, LOCK_EX);
    std::variant<UnixListener, std::string> result;
    if (auto error = remove_stale(path)) {
        result = std::move(*error);
    } else {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        // The mode before bind: at no time may another user connect.
        if (fd >= 0 && fchmod(fd, 0600) == 0 &&
            bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 &&
            chmod(path.c_str(), 0600) == 0 && listen(fd, backlog) == 0) {
            result = UnixListener{fd, path};
        } else {
            result = "cannot listen at " + path + ": " + errno_text();
            if (fd >= 0) close(fd);
        }
    }
    close(folder);
    return result;
}

}  // namespace tickrelay
