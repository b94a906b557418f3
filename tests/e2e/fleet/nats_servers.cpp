#include "tests/e2e/fleet/nats_servers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/e2e/websocket/raw_client.h"

namespace tickrelay::test {
namespace {

using nlohmann::json;

json body_of(const std::string& page) {
    const std::size_t at = page.find("\r\n\r\n");
    return at == std::string::npos ? json() : json::parse(page.substr(at + 4), nullptr, false);
}

}  // namespace

std::vector<std::uint16_t> free_ports(std::size_t count) {
    std::vector<int> sockets;
    std::vector<std::uint16_t> ports;
    for (std::size_t i = 0; i < count; ++i) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        sockets.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        bind(sockets.back(), reinterpret_cast<const sockaddr*>(&address), size);
        getsockname(sockets.back(), reinterpret_cast<sockaddr*>(&address), &size);
        ports.push_back(ntohs(address.sin_port));
    }
    for (const int each : sockets) close(each);
    return ports;
}

NatsServers::NatsServers(std::size_t count, std::string more) : more_(std::move(more)), servers_(count) {
    folder_ = (std::filesystem::temp_directory_path() / "tickrelay-nats-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) return;
    const std::vector<std::uint16_t> ports = free_ports(count * 3);
    for (std::size_t i = 0; i < count; ++i)
        servers_[i] = {.port = ports[3 * i], .cluster_port = ports[3 * i + 1], .monitor_port = ports[3 * i + 2]};
    for (std::size_t from = 0; from < count; ++from)
        for (std::size_t to = 0; to < count; ++to)
            if (from != to) routes_[{from, to}] = std::make_unique<Pipe>(PipeSettings{.to = servers_[to].cluster_port});
    for (std::size_t i = 0; i < count; ++i) start(i);
}

NatsServers::~NatsServers() {
    for (std::size_t i = 0; i < servers_.size(); ++i) kill_it(i);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void NatsServers::start(std::size_t index) {
    Server& server = servers_[index];
    const std::string name = "n" + std::to_string(index);
    const std::string file = folder_ + "/" + name + ".conf";
    std::ofstream config(file);
    config << "server_name: " << name << "\nlisten: \"127.0.0.1:" << server.port << "\"\nhttp: \"127.0.0.1:" << server.monitor_port
           << "\"\njetstream { store_dir: \"" << folder_ << "/" << name << "\" }\n";
    if (servers_.size() > 1) {
        // They know each other by these routes alone: what a server would tell of others is an address where nobody is.
        config << "cluster { name: test, listen: \"127.0.0.1:" << server.cluster_port << "\", advertise: \"127.0.0.1:1\", no_advertise: true, routes: [";
        for (const auto& [ends, pipe] : routes_)
            if (ends.first == index) config << "\"nats://127.0.0.1:" << pipe->port() << "\", ";
        config << "] }\n";
    }
    config << more_;
    config.close();
    const int log = open((folder_ + "/" + name + ".log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    server.process = fork();
    if (server.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        for (const char* program : {"nats-server", "/usr/sbin/nats-server"}) execlp(program, "nats-server", "-c", file.c_str(), static_cast<char*>(nullptr));
        _exit(127);
    }
    close(log);
}

void NatsServers::kill_it(std::size_t index) {
    Server& server = servers_[index];
    if (server.process <= 0) return;
    kill(server.process, SIGKILL);
    waitpid(server.process, nullptr, 0);
    server.process = -1;
}

void NatsServers::pause(std::size_t index, bool paused) {
    if (servers_[index].process > 0) kill(servers_[index].process, paused ? SIGSTOP : SIGCONT);
}

void NatsServers::cut_off(std::size_t index, bool cut) {
    for (const auto& [ends, pipe] : routes_)
        if (ends.first == index || ends.second == index) pipe->stall(cut);
}

std::string NatsServers::url(std::size_t server) const { return "nats://127.0.0.1:" + std::to_string(servers_[server].port); }

std::string NatsServers::urls() const {
    std::string list;
    for (std::size_t i = 0; i < servers_.size(); ++i) list += (i == 0 ? "" : ",") + url(i);
    return list;
}

std::string NatsServers::page(const Server& server, const std::string& path) const {
    if (server.process <= 0) return {};
    RawClient http(server.monitor_port);
    if (!http.connected() || !http.write("GET " + path + " HTTP/1.0\r\nHost: nats\r\n\r\n")) return {};
    return http.read_until("\n}");  // the object's end: the connection may stay
}

bool NatsServers::ready() const {
    for (const Server& each : servers_) {
        const json status = body_of(page(each, "/jsz"));
        if (!status.is_object()) return false;
        if (servers_.size() == 1) continue;
        const auto meta = status.find("meta_cluster");
        if (meta == status.end() || meta->value("leader", "").empty() || meta->value("cluster_size", 0) != static_cast<int>(servers_.size())) return false;
    }
    return true;
}

std::size_t NatsServers::leader_of(const std::string& stream) const {
    for (const Server& each : servers_) {
        const json status = body_of(page(each, "/jsz?streams=1&accounts=1"));
        if (!status.is_object()) continue;
        for (const json& account : status.value("account_details", json::array()))
            for (const json& detail : account.value("stream_detail", json::array()))
                if (detail.value("name", "") == stream) {
                    const std::string leader = detail.value("cluster", json::object()).value("leader", "");
                    if (leader.size() == 2) return static_cast<std::size_t>(leader[1] - '0');
                }
    }
    return servers_.size();
}

std::string NatsServers::log(std::size_t server) const {
    std::ifstream file(folder_ + "/n" + std::to_string(server) + ".log");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace tickrelay::test
