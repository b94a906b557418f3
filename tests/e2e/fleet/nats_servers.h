// nats-server processes with JetStream on free loopback ports: one alone, or a cluster. Owner: one test. Ended by their process ids.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/play/pipe.h"

namespace tickrelay::test {

// Held until all are known, so that none is given twice.
std::vector<std::uint16_t> free_ports(std::size_t count);

class NatsServers {
  public:
    // more: for each server's configuration, as `authorization {…}`.
    explicit NatsServers(std::size_t count, std::string more = {});
    ~NatsServers();
    NatsServers(const NatsServers&) = delete;
    NatsServers& operator=(const NatsServers&) = delete;

    [[nodiscard]] bool ready() const;  // all answer, and JetStream has a leader
    [[nodiscard]] std::string urls() const;
    [[nodiscard]] std::string url(std::size_t server) const;
    [[nodiscard]] std::size_t size() const { return servers_.size(); }
    // The server that leads this stream; size() where there is none now.
    [[nodiscard]] std::size_t leader_of(const std::string& stream) const;

    void start(std::size_t server);
    void kill_it(std::size_t server);
    void pause(std::size_t server, bool paused);
    // Nothing passes between this server and the others of its cluster, and nobody is told. Clients reach all of them.
    void cut_off(std::size_t server, bool cut);
    [[nodiscard]] std::string log(std::size_t server) const;

  private:
    struct Server {
        std::uint16_t port = 0;
        std::uint16_t cluster_port = 0;
        std::uint16_t monitor_port = 0;
        pid_t process = -1;
    };
    [[nodiscard]] std::string page(const Server& server, const std::string& path) const;

    std::string folder_;
    std::string more_;
    std::vector<Server> servers_;
    std::map<std::pair<std::size_t, std::size_t>, std::unique_ptr<Pipe>> routes_;  // by who asks whom
};

}  // namespace tickrelay::test
