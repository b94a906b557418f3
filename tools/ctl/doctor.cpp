// Looks at a relay from outside and says what is wrong and what to do about it.
#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "relay/door/json.h"
#include "relay/options.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/show.h"
#include "tools/ctl/verbs.h"

namespace tickrelay::ctl {

using nlohmann::json;

namespace {

constexpr std::uint64_t fds_wanted = 16'384;
constexpr double headroom_wanted = 0.2;
constexpr std::uint64_t backlog_wanted = 1'024;
constexpr int timeout_ms = 3'000;
constexpr std::size_t answer_max = 1'000'000;
constexpr std::int64_t renewal_days_wanted = 14;

struct Socket {
    int fd = -1;
    Socket() = default;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd >= 0) ::close(fd);
    }
};

// Where a relay listens, as seen from here: by loopback where it listens on every address, or by the host of `admin`.
std::string from_here(const std::string& listens, const std::string& admin) {
    Address address, remote;
    if (!parse_address(listens, address)) return listens;
    const bool elsewhere = admin.starts_with(remote_scheme) && parse_address(admin.substr(remote_scheme.size()), remote);
    if (address.host == "0.0.0.0") address.host = elsewhere ? remote.host : "127.0.0.1";
    if (address.host == "::") address.host = elsewhere ? remote.host : "::1";
    return to_string(address);
}

bool connect_to(const std::string& text, Socket& socket) {
    Address address;
    if (!parse_address(text, address)) return false;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return false;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    for (; found != nullptr; found = found->ai_next) {
        const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        timeval limit{timeout_ms / 1000, 0};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(fd, found->ai_addr, found->ai_addrlen) == 0) {
            socket.fd = fd;
            return true;
        }
        ::close(fd);
    }
    return false;
}

// What comes back until the end, empty where nothing does.
std::string exchange_plain(const std::string& address, const std::string& request) {
    Socket socket;
    if (!connect_to(address, socket) || send(socket.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
    std::string answer;
    char bytes[4096];
    for (ssize_t got = 0; answer.size() < answer_max && (got = recv(socket.fd, bytes, sizeof bytes, 0)) > 0;) {
        answer.append(bytes, static_cast<std::size_t>(got));
    }
    return answer;
}

// Whether it works, not who it is: the certificate's name may be another than the one it is reached by from here.
std::string exchange_tls(const std::string& address, const std::string& request, const Proof& proof) {
    std::string answer;
    try {
        Remote remote(std::string(remote_scheme) + address, proof, Remote::Trust::any);
        bool gone = !remote.send(request);
        while (!gone && answer.size() < answer_max && remote.receive(answer, timeout_ms, gone)) continue;
    } catch (const Failure&) {
        return {};
    }
    return answer;
}

// Status code and body of GET, 0 where there is no answer.
std::pair<int, std::string> http_get(const std::string& address, const std::string& path, bool tls, const Proof& proof) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n";
    const std::string answer = tls ? exchange_tls(address, request, proof) : exchange_plain(address, request);
    int status = 0;
    std::sscanf(answer.c_str(), "HTTP/%*s %d", &status);
    const auto body = answer.find("\r\n\r\n");
    return {status, body == std::string::npos ? "" : answer.substr(body + 4)};
}

Finding check_version(const json& info) {
    const std::string theirs = info.value("version", "");
    if (theirs == version()) return {"version", Verdict::good, theirs};
    return {"version", Verdict::odd,
            "the relay is " + theirs + ", this tool " + std::string(version()) + ": install the same"};
}

Finding check_clock() {
    timex state{};
    if (adjtimex(&state) == TIME_ERROR) {
        return {"clock", Verdict::odd,
                "the system's clock is not synchronised: run chrony or systemd-timesyncd (tickets and logs need it)"};
    }
    return {"clock", Verdict::good, "synchronised"};
}

// Of the relay's process where it may be read, else of this one.
Finding check_fds(int pid) {
    std::ifstream limits("/proc/" + std::to_string(pid) + "/limits");
    std::uint64_t files = 0;
    bool theirs = false;
    for (std::string line; std::getline(limits, line);) {
        if (line.starts_with("Max open files"))
            theirs = static_cast<bool>(std::istringstream(line.substr(14)) >> files);
    }
    if (!theirs) {
        rlimit own{};
        getrlimit(RLIMIT_NOFILE, &own);
        files = own.rlim_cur;
    }
    const std::string whose = theirs ? "the relay" : "this shell (the relay's cannot be read)";
    const std::string text = std::to_string(files) + " open files for " + whose;
    if (files >= fds_wanted) return {"descriptors", Verdict::good, text};
    return {"descriptors", Verdict::odd,
            text + ", about one is needed a player: LimitNOFILE=65536 in its unit, or ulimit -n 65536"};
}

// What a listening socket may hold of connections that nobody has accepted yet.
Finding check_backlog() {
    std::uint64_t most = 0;
    std::ifstream("/proc/sys/net/core/somaxconn") >> most;
    const std::string text = std::to_string(most) + " connections may wait to be accepted";
    if (most >= backlog_wanted) return {"backlog", Verdict::good, text};
    return {"backlog", Verdict::odd, text + ", too few when all come back at once: sysctl net.core.somaxconn=4096"};
}

Finding check_port(const std::string& name, const std::string& address) {
    Socket socket;
    if (connect_to(address, socket)) return {name, Verdict::good, address + " accepts connections"};
    return {name, Verdict::bad,
            address + " does not accept connections from here: is it another network namespace or a firewall?"};
}

Finding check_ready(const std::string& address, bool tls, const Proof& proof) {
    auto [status, body] = http_get(address, "/readyz", tls, proof);
    while (body.ends_with('\n')) body.pop_back();
    if (status == 200) return {"readiness", Verdict::good, "/readyz says 200"};
    if (status == 0) return {"readiness", Verdict::bad, (tls ? "https://" : "http://") + address + "/readyz does not answer" + (tls ? ", or asks for a certificate (--cert, --key)" : "")};
    return {"readiness", Verdict::bad,
            "/readyz says " + std::to_string(status) + ": " + body + " (tickrelayctl undrain ends a drain)"};
}

Finding check_headroom(const json& info) {
    const double headroom = info.value("headroom", 0.0);
    char text[32];
    std::snprintf(text, sizeof text, "%.0f %% free", headroom * 100);
    if (headroom >= headroom_wanted) return {"headroom", Verdict::good, text};
    return {"headroom", Verdict::odd,
            std::string(text) + ": move rooms to another relay, or give this one more cores (--loops, --workers)"};
}

// How tickets and play travel to the relay.
Finding check_secrecy(const json& info) {
    const std::string url = info.value("url", "");
    Address listens;
    const bool near = parse_address(info.value("listen", ""), listens) && is_loopback(listens);
    if (url.starts_with("wss://")) return {"secrecy", Verdict::good, "players connect to " + url};
    if (near) return {"secrecy", Verdict::good, "players connect in clear, on loopback"};
    return {"secrecy", Verdict::odd,
            "players connect to " + url + " in clear, with their tickets: cert and key under [tls], or public_url = \"wss://…\" with a proxy in front"};
}

Finding check_certificate(const json& info) {
    const std::int64_t ends_s = info.value("tls_expires_s", std::int64_t{0});
    if (ends_s == 0) return {"certificate", Verdict::good, "none in use"};
    const std::int64_t days = (ends_s - std::time(nullptr)) / 86'400;
    const std::string text = "good for " + std::to_string(days) + " days";
    if (ends_s <= std::time(nullptr)) return {"certificate", Verdict::bad, "it has expired: put a new one in its place, the relay takes it by itself"};
    if (days >= renewal_days_wanted) return {"certificate", Verdict::good, text};
    return {"certificate", Verdict::odd, text + " only: renew it, the relay takes the new file by itself"};
}

}  // namespace

int doctor(const Common& common) {
    Connection connection(common.admin, common.proof);
    const json info = connection.call("relay.info", json::object());
    const std::string ops = from_here(info.value("ops_listen", ""), common.admin);
    const bool ops_tls = info.value("ops_url", "").starts_with("https://");
    std::vector<Finding> findings = {
        {"socket", Verdict::good, connection.path()},
        check_version(info),
        check_clock(),
        check_fds(connection.peer_pid()),
        check_backlog(),
        check_port("players", from_here(info.value("listen", ""), common.admin)),
        check_secrecy(info),
        check_certificate(info),
        check_port("operations", ops),
        check_ready(ops, ops_tls, common.proof),
        check_headroom(info),
    };
    for (Finding& finding : findings_of_metrics(http_get(ops, "/metrics", ops_tls, common.proof).second)) findings.push_back(std::move(finding));
    constexpr const char* words[] = {"ok", "warn", "FAIL"};
    bool healthy = true;
    Table table({"", "", ""});
    json list = json::array();
    for (const auto& finding : findings) {
        const char* word = words[static_cast<int>(finding.verdict)];
        healthy = healthy && finding.verdict != Verdict::bad;
        table.add({word, finding.check, printable(finding.text)});
        list.push_back({{"check", finding.check}, {"verdict", word}, {"text", finding.text}});
    }
    std::string text = table.text();
    text = common.json ? dump_line({{"healthy", healthy}, {"checks", list}}) + "\n" : text.substr(text.find('\n') + 1);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return healthy ? exit_clean : exit_refused;
}

}  // namespace tickrelay::ctl
