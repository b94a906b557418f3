// Who this client is to the NATS servers, and how it knows them.

#include <algorithm>
#include <fstream>
#include <sstream>

#include "relay/fleet/nats_parts.h"

namespace tickrelay::nats_parts {

namespace {

std::string why(natsStatus status) {
    const char* said = nats_GetLastError(nullptr);
    return std::string(natsStatus_GetText(status)) + (said == nullptr || *said == '\0' ? "" : std::string(": ") + said);
}

bool secure(const NatsSettings& settings) {
    return !settings.ca_file.empty() || !settings.cert_file.empty() ||
           std::ranges::any_of(settings.servers, [](const std::string& url) { return url.starts_with("tls://"); });
}

bool is_nkey_word(std::string_view word, std::string_view begins, std::size_t length) {
    return word.size() == length && word.starts_with(begins) &&
           std::ranges::all_of(word, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); });
}

// What is in the file says what it is: a .creds file, an nkey (seed and public key, a line each), user:password, or a token.
natsStatus set_credentials(natsOptions* options, const std::string& path) {
    std::ifstream file(path);
    std::ostringstream read;
    read << file.rdbuf();
    if (!file) return NATS_NOT_FOUND;
    const std::string text = read.str();
    if (text.find("-----BEGIN") != std::string::npos) return natsOptions_SetUserCredentialsFromFiles(options, path.c_str(), nullptr);
    std::istringstream words(text);
    std::string first, word, public_key;
    bool seed = false;
    while (words >> word) {
        if (first.empty()) first = word;
        if (is_nkey_word(word, "SU", 58)) seed = true;
        if (is_nkey_word(word, "U", 56)) public_key = word;
    }
    if (seed) return public_key.empty() ? NATS_INVALID_ARG : natsOptions_SetNKeyFromSeed(options, public_key.c_str(), path.c_str());
    if (first.empty()) return NATS_INVALID_ARG;
    const std::size_t colon = first.find(':');
    if (colon == std::string::npos) return natsOptions_SetToken(options, first.c_str());
    return natsOptions_SetUserInfo(options, first.substr(0, colon).c_str(), first.substr(colon + 1).c_str());
}

}  // namespace

std::optional<std::string> set_access(natsOptions* options, const NatsSettings& settings) {
    natsStatus status = secure(settings) ? natsOptions_SetSecure(options, true) : NATS_OK;
    if (status != NATS_OK) return "nats: no TLS: " + why(status);
    if (!settings.ca_file.empty()) status = natsOptions_LoadCATrustedCertificates(options, settings.ca_file.c_str());
    if (status != NATS_OK) return "[fleet] nats_ca: " + settings.ca_file + " cannot be read: it must be a PEM file of certificates: " + why(status);
    if (!settings.cert_file.empty()) status = natsOptions_LoadCertificatesChain(options, settings.cert_file.c_str(), settings.cert_file.c_str());
    if (status != NATS_OK) return "[fleet] nats_cert: " + settings.cert_file + " cannot be read: it must be a PEM file of a certificate and its key: " + why(status);
    if (!settings.credentials.empty()) status = set_credentials(options, settings.credentials);
    if (status == NATS_OK) return std::nullopt;
    return "[fleet] nats_credentials: " + settings.credentials +
           (status == NATS_NOT_FOUND ? " cannot be read" : " is no .creds file, no nkey (its seed and its public key, a line each), no user:password and no token");
}

bool is_refused(natsStatus status) { return status == NATS_CONNECTION_AUTH_FAILED || status == NATS_SSL_ERROR || status == NATS_SECURE_CONNECTION_WANTED; }

std::string not_connected(natsStatus status, const NatsSettings& settings) {
    const std::string said = why(status);
    if (status == NATS_CONNECTION_AUTH_FAILED)
        return "nats: the servers refuse this node: " + said + ": " +
               (settings.credentials.empty() ? "they ask for credentials: [fleet] nats_credentials" : "correct " + settings.credentials + " ([fleet] nats_credentials), or its account on the servers");
    if (status == NATS_SECURE_CONNECTION_WANTED) return "nats: the servers speak no TLS: write nats:// URLs, or give them certificates";
    if (status == NATS_SSL_ERROR)
        return "nats: no TLS with the servers: " + said + ": their certificates must be for the names in the URLs and by an authority of [fleet] nats_ca" +
               (settings.ca_file.empty() ? " (now: the system's)" : " (" + settings.ca_file + ")") + "; where they ask for one, [fleet] nats_cert";
    // TLS 1.3: a server that misses a certificate says so after the handshake. Which of the two it is hangs on libnats' release.
    if (secure(settings) && (status == NATS_PROTOCOL_ERROR || status == NATS_CONNECTION_CLOSED))
        return "nats: the servers end the connection: " + said + ": they may ask for a certificate" +
               (settings.cert_file.empty() ? "" : " of another authority than " + settings.cert_file + "'s") + ": [fleet] nats_cert";
    return "nats: none of the servers can be reached: " + said + ": start nats-server -js, or correct the URLs";
}

}  // namespace tickrelay::nats_parts
