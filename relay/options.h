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
Address reachable(const Address& listens, std::uint16_t port);  // as seen from this machine

enum class Auth : std::uint8_t {
    unset,    // the relay refuses to start, and says how
    tickets,  // every seat needs a signed ticket
    none      // anyone may join
};

// Whether the operations port also changes things (kick, close, drain, simulate), or only shows them.
enum class OpsActions : std::uint8_t { loopback, always, never };

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

enum class WatchdogAction : std::uint8_t { report, exit };
inline constexpr int exit_stuck = 3;  // the watchdog's

struct Options {
    bool dev = false;
    Address listen{"0.0.0.0", 8350};
    Address ops_listen{"127.0.0.1", 8351};
    OpsActions ops_actions = OpsActions::loopback;
    std::vector<std::string> ops_hosts;
    std::string admin;          // empty: the contract's place
    std::uint32_t loops = 0;    // 0: as many as fit the machine
    std::uint32_t workers = 0;  // likewise
    std::string data_dir;       // empty: nothing is kept over a restart
    std::string trace;          // a file; empty: none
    std::uint32_t trace_bytes = 256U << 20;
    std::vector<std::string> nats;
    std::string node_name;   // empty: the host's
    std::string public_url;  // empty: made of listen
    std::string fleet_name = "tickrelay";
    std::string fleet_address;  // host:port; empty: made of listen
    double fleet_lease_s = 10;
    std::uint32_t fleet_replicas = 0;  // 0: 3 in a cluster, else 1
    std::string fleet_credentials;
    std::string fleet_ca;
    std::string fleet_cert;
    std::vector<std::string> logic;
    log::Format log_format = log::Format::text;
    log::Level log_level = log::Level::info;
    Auth auth = Auth::unset;
    std::vector<std::string> ticket_keys;  // "file:PATH", "env:NAME", with "KID=" before it
    std::string ticket_key;                // one more, the first, without a kid
    std::string ticket_audience;           // empty: not looked at
    std::string ticket_issuer;             // likewise
    double ticket_leeway_s = 10;
    std::string session_key;               // empty: kept in data_dir, or of this process alone
    double drain_deadline_s = 30;
    double checkpoint_interval_s = 1;
    std::uint32_t journal_events = 100'000;
    std::uint32_t journal_bytes = 64U << 20;
    double watchdog_s = 5;  // 0: none
    WatchdogAction watchdog_action = WatchdogAction::report;
    std::string tls_cert;  // empty, with tls_key: no TLS
    std::string tls_key;
    TlsVersion tls_min_version = TlsVersion::tls_1_2;
    Address tls_listen;  // no host: `listen` speaks TLS, where there is a certificate
    bool ops_tls = false;
    std::string ops_client_ca;
    Address admin_tcp_listen;    // no host: none
    std::string admin_tcp_cert;  // empty, with admin_tcp_key: those of tls
    std::string admin_tcp_key;
    std::string admin_tcp_client_ca;
    std::string admin_tcp_token_file;
    std::uint32_t quota_rooms = 4'096;
    std::uint32_t quota_connections = 16'384;
    std::uint32_t quota_connections_per_address = 1'024;
    std::uint32_t quota_rooms_per_type = 0;  // here and below 0: no limit
    std::uint32_t quota_connections_per_s = 5'000;
    std::uint32_t quota_connections_per_s_per_address = 1'000;
    std::uint32_t quota_joins_per_s_per_address = 1'000;
    std::uint32_t quota_messages_per_s = 1'000;
    std::uint32_t quota_bytes_per_s = 4 * 1024 * 1024;
    std::uint32_t quota_events_per_s = 1'000;
    std::uint32_t quota_entities_per_player = 4'096;
    std::uint32_t quota_message_bytes = 64 * 1024;
    std::uint32_t quota_handshake_timeout_s = 5;
    double quota_first_message_timeout_s = 5;
    std::vector<std::string> allowed_origins;
    bool require_origin = false;
    std::vector<std::string> trusted_proxies;  // as parse_cidr reads them
};

std::string_view version();  // of this build: "0.1.0"
std::string node_of(const Options& options);  // node_name, else the host's

}  // namespace tickrelay
