// What one relay was told: plain values, defaults as documented. Read by everyone, changed by nobody but relay.cpp on
// SIGHUP. config.h fills it from flags, environment and file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "relay/log.h"

namespace tickrelay {

struct Address {
    std::string host;        // a name, an IPv4 or, without brackets, an IPv6 address
    std::uint16_t port = 0;  // 0: any free one

    friend bool operator==(const Address&, const Address&) = default;
};
std::string to_string(const Address& address);  // "host:port", "[::1]:port"
bool parse_address(std::string_view text, Address& address);
bool is_loopback(const Address& address);

enum class Auth : std::uint8_t {
    unset,    // the relay refuses to start, and says how
    tickets,  // every seat needs a ticket of ticket.issue
    none      // anyone may join
};

enum class WatchdogAction : std::uint8_t { report, exit };
inline constexpr int exit_stuck = 3;  // the watchdog's

struct Options {
    bool dev = false;
    Address listen{"0.0.0.0", 8350};
    Address ops_listen{"127.0.0.1", 8351};
    std::string admin;          // empty: the contract's place
    std::uint32_t loops = 0;    // 0: as many as fit the machine
    std::uint32_t workers = 0;  // likewise
    std::string data_dir;       // empty: nothing is kept over a restart
    std::vector<std::string> nats;
    std::string node_name;   // empty: the host's
    std::string public_url;  // empty: made of listen
    std::vector<std::string> logic;
    log::Format log_format = log::Format::text;
    log::Level log_level = log::Level::info;
    Auth auth = Auth::unset;
    std::string ticket_key;
    double drain_deadline_s = 30;
    double watchdog_s = 5;  // 0: none
    WatchdogAction watchdog_action = WatchdogAction::report;
    std::uint32_t quota_rooms = 4'096;
    std::uint32_t quota_connections = 16'384;
    std::uint32_t quota_connections_per_address = 1'024;
};

std::string_view version();  // of this build: "0.1.0"

}  // namespace tickrelay
