#include "relay/config_keys.h"

#include <array>
#include <charconv>

#include "relay/config_set.h"

namespace tickrelay {

namespace {

using namespace config_set;

template <auto member>
std::string get(const Options& options) {
    return toml(options.*member);
}
template <auto member>
void copy(Options& to, const Options& from) {
    to.*member = from.*member;
}

template <auto member>
constexpr ConfigKey row(std::string_view section, std::string_view name, Shape shape, std::string_view unit,
                        std::string_view values, std::string_view doc, bool flag, bool reload,
                        Error (*set)(Options&, const ConfigValue&)) {
    return {section, name, shape, unit, values, doc, flag, reload, set, get<member>, copy<member>};
}

// A number of [quota]; 0 means none where `low` is 0.
template <auto member, std::int64_t low, std::int64_t high>
constexpr ConfigKey quota(std::string_view name, std::string_view unit, std::string_view values, std::string_view doc, bool reload = true) {
    return row<member>("quota", name, Shape::whole, unit, values, doc, false, reload, set_whole<member, low, high>);
}

constexpr auto text = Shape::text;
constexpr auto whole = Shape::whole;

// Above all sections first, then section by section: a TOML file is printed in this order.
constexpr std::array table = {
    row<&Options::listen>("", "listen", text, "", "HOST:PORT", "Where players connect; port 0 picks a free one.", true,
                          false, set_address<&Options::listen>),
    row<&Options::ops_listen>("", "ops_listen", text, "", "HOST:PORT", "Operations port: metrics, health, dashboard.",
                              true, false, set_address<&Options::ops_listen>),
    row<&Options::admin>("", "admin", text, "", "a path of up to 107 bytes",
                         "Admin socket; empty: in $XDG_RUNTIME_DIR, as root in /run, else in the temporary directory.",
                         true, false, set_text<&Options::admin>),
    row<&Options::loops>("", "loops", whole, "", "0 to 64", "Socket threads; 0: as many as fit the machine.", true,
                         false, set_whole<&Options::loops, 0, 64>),
    row<&Options::workers>("", "workers", whole, "", "0 to 64", "Tick threads; 0: as many as fit the machine.", true,
                           false, set_whole<&Options::workers, 0, 64>),
    row<&Options::data_dir>("", "data_dir", text, "", "a folder",
                            "Where checkpoints and the journal are kept; empty: nothing outlives the process.", true,
                            false, set_text<&Options::data_dir>),
    row<&Options::trace>("", "trace", text, "", "path of a file",
                         "Writes what each thread does when, for ui.perfetto.dev: ticks, encodes, waits in queues, writes. Empty: nothing.", true, false,
                         set_text<&Options::trace>),
    row<&Options::trace_bytes>("", "trace_bytes", whole, "bytes", "65536 to 4294967295", "What that file may take; later spans are left out and counted.", true,
                               false, set_whole<&Options::trace_bytes, 65'536, 4'294'967'295>),
    row<&Options::nats>("", "nats", Shape::list, "", "URLs", "NATS servers that nodes share; empty: one relay alone.",
                        true, false, set_list<&Options::nats>),
    row<&Options::node_name>("", "node_name", text, "", "a name", "This relay's name; empty: the host's.", true, false,
                             set_text<&Options::node_name>),
    row<&Options::public_url>("", "public_url", text, "", "ws:// or wss:// URL",
                              "What players are told to connect to; empty: made of listen.", true, false,
                              set_text<&Options::public_url>),
    row<&Options::logic>("", "logic", Shape::list, "", "paths", "Room-logic plugins (.so) to load at start.", true,
                         false, set_list<&Options::logic>),
    row<&Options::log_format>("", "log_format", text, "", "text, json", "How log lines look.", true, false,
                              set_log_format),
    row<&Options::log_level>("", "log_level", text, "", "debug, info, warn, error, off", "What is logged.", true, true,
                             set_log_level),
    row<&Options::auth>("", "auth", text, "", "tickets, none",
                        "Who may join: holders of a signed ticket (with a ticket_key), or anyone. One must be written out.", false,
                        true, set_auth),
    row<&Options::ticket_key>("", "ticket_key", text, "", "file:PATH, env:NAME",
                              "Key of signed tickets: a secret of 32 bytes or more (HS256), as openssl rand -base64 48 makes one, or the PEM of "
                              "an EC key on P-256 (ES256). More than one: tickets.keys.",
                              false, true, set_key<&Options::ticket_key, load_key>),
    row<&Options::allowed_origins>("", "allowed_origins", Shape::list, "", "scheme://host[:port], *. before a host for all below it",
                                   "Web pages that may connect; empty: all. Another one's upgrade is answered with 403.", false, true,
                                   set_origins),
    row<&Options::require_origin>("", "require_origin", Shape::flag, "", "true, false",
                                  "Whether programs, which send no Origin, are refused, too.", false, true,
                                  set_flag<&Options::require_origin>),
    row<&Options::trusted_proxies>("", "trusted_proxies", Shape::list, "", "addresses and ranges, 10.0.0.0/8",
                                   "Balancers whose connections begin with a PROXY header (v1 or v2): from there it must come, from elsewhere "
                                   "it is refused. X-Forwarded-For is never read.",
                                   false, true, set_proxies),
    row<&Options::drain_deadline_s>("", "drain_deadline", Shape::number, "s", "0 to 86400",
                                    "After SIGTERM, rooms have this long to end.", false, true,
                                    set_seconds<&Options::drain_deadline_s, 86'400>),
    row<&Options::watchdog_s>("", "watchdog", Shape::number, "s", "0 to 3600",
                              "A worker that is in one step for so long, by a room's logic that does not return, is reported; 0: never.",
                              false, false, set_seconds<&Options::watchdog_s, 3'600>),
    row<&Options::watchdog_action>("", "watchdog_action", text, "", "report, exit",
                                 "exit: then the process ends at once with code 3, so that a supervisor starts it again.", false,
                                 false, set_watchdog_action),
    row<&Options::ops_actions>("ops", "actions", text, "", "loopback, always, never",
                               "Whether the dashboard may kick, close, drain and simulate: where ops_listen is on loopback, always (anyone who "
                               "reaches the port may), or never.",
                               false, false, set_ops_actions),
    row<&Options::ops_hosts>("ops", "hosts", Shape::list, "", "names",
                             "Names by which browsers reach the dashboard, as behind a proxy, besides localhost and addresses.", false,
                             false, set_list<&Options::ops_hosts>),
    row<&Options::ops_tls>("ops", "tls", Shape::flag, "", "true, false", "The operations port speaks TLS, with the certificate of [tls].", false,
                           false, set_flag<&Options::ops_tls>),
    row<&Options::ops_client_ca>("ops", "client_ca", text, "", "path of a PEM file",
                                 "With tls: only who has a certificate by one of these authorities reaches the operations port.", false,
                                 false, set_text<&Options::ops_client_ca>),
    row<&Options::tls_cert>("tls", "cert", text, "", "path of a PEM file",
                            "Certificate and its chain; with it players connect by wss://. A renewed file is taken within seconds, and on "
                            "SIGHUP; nobody is dropped.",
                            false, true, set_text<&Options::tls_cert>),
    row<&Options::tls_key>("tls", "key", text, "", "path of a PEM file", "Its private key, which only the relay may read (mode 600).", false, true,
                           set_text<&Options::tls_key>),
    row<&Options::tls_min_version>("tls", "min_version", text, "", "1.2, 1.3", "The oldest TLS that is spoken, on every port.", false, false,
                                   set_tls_min_version),
    row<&Options::tls_listen>("tls", "listen", text, "", "HOST:PORT",
                              "Where players connect by TLS while `listen` stays plain; empty: `listen` itself speaks TLS.", false, false,
                              set_address_or_none<&Options::tls_listen>),
    row<&Options::admin_tcp_listen>("admin_tcp", "listen", text, "", "HOST:PORT",
                                    "The admin socket for other hosts too, always by TLS; empty: on this host's Unix socket alone.", false, false,
                                    set_address_or_none<&Options::admin_tcp_listen>),
    row<&Options::admin_tcp_cert>("admin_tcp", "cert", text, "", "path of a PEM file", "Its certificate; empty: that of [tls].", false, true,
                                  set_text<&Options::admin_tcp_cert>),
    row<&Options::admin_tcp_key>("admin_tcp", "key", text, "", "path of a PEM file", "Its private key; empty: that of [tls].", false, true,
                                 set_text<&Options::admin_tcp_key>),
    row<&Options::admin_tcp_client_ca>("admin_tcp", "client_ca", text, "", "path of a PEM file",
                                       "Only who has a certificate by one of these authorities may connect.", false, false,
                                       set_text<&Options::admin_tcp_client_ca>),
    row<&Options::admin_tcp_token_file>("admin_tcp", "token_file", text, "", "path of a file of mode 600",
                                        "Its one line, of 32 characters or more, must come first: method auth with params {\"token\": …}. "
                                        "Read anew at each connection. With client_ca, too, both are asked for.",
                                        false, false, set_text<&Options::admin_tcp_token_file>),
    row<&Options::ticket_keys>("tickets", "keys", Shape::list, "", "NAME=file:PATH, NAME=env:NAME",
                               "Keys of signed tickets by the name that a ticket says (kid), several at once while they change. ticket.issue "
                               "signs with the first that can: ticket_key, then these; a public PEM only verifies.",
                               false, true, set_ticket_keys),
    row<&Options::ticket_audience>("tickets", "audience", text, "", "text", "What a ticket's aud must name; empty: anything.", false, true,
                                   set_text<&Options::ticket_audience>),
    row<&Options::ticket_issuer>("tickets", "issuer", text, "", "text", "What a ticket's iss must be; empty: anything.", false, true,
                                 set_text<&Options::ticket_issuer>),
    row<&Options::ticket_leeway_s>("tickets", "leeway", Shape::number, "s", "0 to 300", "What the clocks of those who make tickets may be wrong by.",
                                   false, true, set_seconds<&Options::ticket_leeway_s, 300>),
    row<&Options::session_key>("tickets", "session_key", text, "", "file:PATH, env:NAME",
                               "Secret that players' sessions are signed with, the same for all nodes that take up each other's rooms; empty: one "
                               "is made and kept in data_dir, without that one of this process.",
                               false, false, set_key<&Options::session_key, load_session_key>),
    row<&Options::checkpoint_interval_s>("store", "checkpoint_interval", Shape::number, "s", "0.1 to 60",
                                         "With data_dir: each room that changed is kept so often; less often where that would take 5 % of a worker.",
                                         false, false, set_seconds_from<&Options::checkpoint_interval_s, 100, 60>),
    row<&Options::journal_events>("store", "journal_events", whole, "", "1000 to 10000000", "Events that the journal in data_dir holds; the oldest go.",
                                  false, false, set_whole<&Options::journal_events, 1'000, 10'000'000>),
    row<&Options::journal_bytes>("store", "journal_bytes", whole, "bytes", "1048576 to 4294967295", "What they may take together.", false, false,
                                 set_whole<&Options::journal_bytes, 1'048'576, 4'294'967'295>),
    row<&Options::fleet_name>("fleet", "name", text, "", "letters, digits, - and _",
                              "Begins the names of everything that the fleet keeps on its NATS servers: several fleets may share them.", false, false,
                              set_fleet_name),
    row<&Options::fleet_address>("fleet", "address", text, "", "HOST:PORT",
                                 "This node's players' port as the other nodes reach it: where that refuses connections the process is dead, and its rooms "
                                 "go on elsewhere at once. Empty: made of listen and of the way to NATS.",
                                 false, false, set_text<&Options::fleet_address>),
    row<&Options::fleet_lease_s>("fleet", "lease", Shape::number, "s", "2 to 120",
                                 "A node that cannot reach NATS for so long stops its rooms, and a second later others take them up. The same on all nodes; "
                                 "longer than JetStream takes to find another leader, which is 4 to 9 s.",
                                 false, false, set_seconds_from<&Options::fleet_lease_s, 2'000, 120>),
    row<&Options::fleet_replicas>("fleet", "replicas", whole, "", "0 to 5", "How many NATS servers hold each thing; 0: 3 in a cluster, else 1.", false, false,
                                  set_whole<&Options::fleet_replicas, 0, 5>),
    row<&Options::fleet_credentials>("fleet", "nats_credentials", text, "", "path of a file",
                                     "Who this node is to NATS: a .creds file, an nkey (the lines of its seed and its public key), user:password, or a token. "
                                     "Empty: as the URLs say.",
                                     false, false, set_text<&Options::fleet_credentials>),
    row<&Options::fleet_ca>("fleet", "nats_ca", text, "", "path of a PEM file", "Authorities of NATS servers with tls:// URLs; empty: the system's.", false, false,
                            set_text<&Options::fleet_ca>),
    row<&Options::fleet_cert>("fleet", "nats_cert", text, "", "path of a PEM file",
                              "Certificate and private key to show to NATS servers that ask for one; with nats_ca or this, nothing is said without TLS.", false, false,
                              set_text<&Options::fleet_cert>),
    quota<&Options::quota_rooms, 1, 65'536>("rooms", "", "1 to 65536", "Rooms on this relay."),
    quota<&Options::quota_rooms_per_type, 0, 65'536>("rooms_per_type", "", "0 to 65536",
                                                     "Rooms of one type, where the type has no max_rooms; 0: no limit."),
    quota<&Options::quota_connections, 1, 1'000'000>("connections", "", "1 to 1000000", "Open connections of players. More than at the start may need a restart, for more descriptors."),
    quota<&Options::quota_connections_per_address, 1, 1'000'000>(
        "connections_per_address", "", "1 to 1000000", "Open connections from one address; IPv6 counts by its /64, here and below."),
    quota<&Options::quota_connections_per_s, 0, 1'000'000>(
        "connections_per_s", "1/s", "0 to 1000000", "New connections taken in a second in all; more wait, nobody is refused. 0: no limit."),
    quota<&Options::quota_connections_per_s_per_address, 0, 1'000'000>(
        "connections_per_s_per_address", "1/s", "0 to 1000000", "New connections in a second from one address; more are closed. 0: no limit."),
    quota<&Options::quota_joins_per_s_per_address, 0, 1'000'000>(
        "joins_per_s_per_address", "1/s", "0 to 1000000", "Joins in a second from one address; more get rate_limit. 0: no limit."),
    quota<&Options::quota_messages_per_s, 0, 1'000'000>(
        "messages_per_s", "1/s", "0 to 1000000", "Messages of one connection in a second: above it is read more slowly. 0: no limit."),
    row<&Options::quota_bytes_per_s>("quota", "bytes_per_s", whole, "B/s", "0, 16384 to 1000000000",
                                     "Bytes of one connection in a second: above it is read more slowly. 0: no limit.", false, true,
                                     set_bytes_per_s),
    quota<&Options::quota_events_per_s, 0, 1'000'000>(
        "events_per_s", "1/s", "0 to 1000000", "Messages to others of one player in a second; more get too_many_messages. 0: no limit. A change holds for new rooms."),
    quota<&Options::quota_entities_per_player, 0, 16'384>(
        "entities_per_player", "", "0 to 16384", "Entities a player may own by spawn and claim; more get too_many_entities. 0: no limit. A change holds for new rooms."),
    quota<&Options::quota_message_bytes, 1'024, 65'536>("message_bytes", "B", "1024 to 65536",
                                                        "One message to the relay; a larger one gets message_too_large.", false),
    quota<&Options::quota_handshake_timeout_s, 1, 60>("handshake_timeout", "s", "1 to 60",
                                                      "From the connection (or its PROXY header) to the finished handshake.", false),
    row<&Options::quota_first_message_timeout_s>("quota", "first_message_timeout", Shape::number, "s", "0.1 to 60",
                                                 "From the handshake to the Join; then join_timeout.", false, true, set_first_message),
};

}  // namespace

std::string ConfigKey::path() const {
    return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

std::string ConfigKey::environment() const {
    std::string out = "TICKRELAY_" + path();
    for (char& c : out) c = c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
}

std::string ConfigKey::flag_name() const {
    std::string out = "--" + std::string(name);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

std::span<const ConfigKey> config_keys() { return table; }

const ConfigKey* find_config_key(std::string_view section, std::string_view name) {
    for (const auto& key : table) {
        if (key.section == section && key.name == name) return &key;
    }
    return nullptr;
}

ConfigValue value_of_text(const ConfigKey& key, std::string_view text) {
    const auto parsed = [&]<typename Number>(Number number) -> ConfigValue {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size()) return std::string(text);
        return number;
    };
    if (key.shape == Shape::whole) return parsed(std::int64_t{});
    if (key.shape == Shape::number) return parsed(double{});
    if (key.shape == Shape::text) return std::string(text);
    if (key.shape == Shape::flag) return text == "true" || text == "false" ? ConfigValue(text == "true") : ConfigValue(std::string(text));
    std::vector<std::string> list;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        if (end > 0) list.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

}  // namespace tickrelay
