#include "relay/exposure.h"

namespace tickrelay {

namespace {

bool any(const Address& address) { return !address.host.empty(); }
bool in_public(const Address& address) { return any(address) && !is_loopback(address); }

std::string refuse_admin(const Options& options, bool tls) {
    if (!any(options.admin_tcp_listen)) return {};
    const std::string at = "the admin socket over TCP ([admin_tcp] listen = \"" + to_string(options.admin_tcp_listen) + "\") ";
    const bool own = !options.admin_tcp_cert.empty() || !options.admin_tcp_key.empty();
    if (!own && !tls) {
        return at + "has no certificate: whoever listens on the way could steer this relay. Write under [admin_tcp]:\n"
                    "  cert = \"/path/of/cert.pem\", and key likewise, or both under [tls]";
    }
    if (options.admin_tcp_client_ca.empty() && options.admin_tcp_token_file.empty()) {
        return at + "would answer anyone. Write under [admin_tcp]:\n"
                    "  client_ca = \"/path/of/ca.pem\"       whose certificates match servers must have, or\n"
                    "  token_file = \"/path/of/token\"       as made by: (umask 077; openssl rand -hex 32 > /path/of/token)";
    }
    return {};
}

}  // namespace

std::string refuse_exposed(const Options& options) {
    const bool tls = !options.tls_cert.empty() || !options.tls_key.empty();
    if (!tls && any(options.tls_listen)) return "[tls] listen has no certificate. Write under [tls]: cert = \"/path/of/cert.pem\", and key likewise";
    if (!tls && options.ops_tls) return "[ops] tls = true has no certificate. Write under [tls]: cert = \"/path/of/cert.pem\", and key likewise";
    if (!options.ops_tls && !options.ops_client_ca.empty()) return "[ops] client_ca is for TLS alone. Write under [ops]: tls = true";
    if (options.ops_actions == OpsActions::always && in_public(options.ops_listen) && !options.ops_tls) {
        return "[ops] actions = \"always\" on " + to_string(options.ops_listen) +
               " lets everyone on the network kick, close and drain, in clear. Write under [ops]:\n"
               "  actions = \"loopback\"                show there, act on loopback only, or\n"
               "  tls = true                          and client_ca, whose certificates operators must have";
    }
    return refuse_admin(options, tls);
}

std::vector<std::string> exposures(const Options& options) {
    std::vector<std::string> notes;
    if (options.dev) return notes;
    const bool tls = !options.tls_cert.empty();
    const bool plain = !tls || any(options.tls_listen);
    const bool proxied = options.public_url.starts_with("wss://");
    if (plain && in_public(options.listen) && !proxied) {
        notes.push_back("players reach " + to_string(options.listen) + " in clear, their tickets too: " +
                        (tls ? "write listen = \"127.0.0.1:0\", so that [tls] listen is the only way in"
                             : "write cert and key under [tls], or public_url = \"wss://…\" where a proxy in front speaks TLS"));
    }
    if (options.auth == Auth::none && (in_public(options.listen) || in_public(options.tls_listen))) {
        notes.push_back("anyone who reaches this relay may join: auth = \"tickets\" lets in whom your match server knows");
    }
    if (tls && options.public_url.starts_with("ws://")) {
        notes.push_back("public_url sends players to " + options.public_url + ", in clear, though [tls] has a certificate: write wss://");
    }
    if (in_public(options.ops_listen) && !options.ops_tls) {
        notes.push_back("the operations port " + to_string(options.ops_listen) + " shows every room to the network, in clear: write ops_listen = \"127.0.0.1:" +
                        std::to_string(options.ops_listen.port) + "\", or tls = true under [ops]");
    }
    if (in_public(options.ops_listen) && options.ops_actions == OpsActions::always && options.ops_client_ca.empty()) {
        notes.push_back("anyone who reaches " + to_string(options.ops_listen) + " may kick, close and drain: write client_ca under [ops]");
    }
    if (!any(options.admin_tcp_listen) && (!options.admin_tcp_client_ca.empty() || !options.admin_tcp_token_file.empty())) {
        notes.push_back("[admin_tcp] has no listen, so nothing listens there: write listen = \"0.0.0.0:8352\"");
    }
    return notes;
}

}  // namespace tickrelay
