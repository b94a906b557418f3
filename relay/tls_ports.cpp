#include "relay/tls_ports.h"

#include <algorithm>
#include <array>

#include "relay/log.h"

namespace tickrelay {

namespace {

constexpr std::array all_ports = {TlsPort::players, TlsPort::operations, TlsPort::admin};
constexpr std::array names = {"players", "operations", "admin"};



}  // namespace

std::optional<TlsSettings> tls_settings(const Options& options, TlsPort port) {
    TlsSettings settings{.section = "tls",
                         .cert = options.tls_cert,
                         .key = options.tls_key,
                         .client_ca = {},
                         .only_1_3 = options.tls_min_version == TlsVersion::tls_1_3};
    const bool any = !settings.cert.empty() || !settings.key.empty();
    switch (port) {
        case TlsPort::players: return any ? std::optional(settings) : std::nullopt;
        case TlsPort::operations:
            settings.client_ca = options.ops_client_ca;
            return options.ops_tls ? std::optional(settings) : std::nullopt;
        case TlsPort::admin: break;
    }
    if (options.admin_tcp_listen.host.empty()) return std::nullopt;
    if (!options.admin_tcp_cert.empty() || !options.admin_tcp_key.empty()) settings.section = "admin_tcp";
    const bool own = settings.section == "admin_tcp";
    settings.cert = own ? options.admin_tcp_cert : settings.cert;
    settings.key = own ? options.admin_tcp_key : settings.key;
    settings.client_ca = options.admin_tcp_client_ca;
    return settings;
}

std::string check_tls_files(const Options& options) {
    for (const TlsPort port : all_ports) {
        const auto settings = tls_settings(options, port);
        if (!settings) continue;
        if (auto error = Tls(*settings).load()) return *error;
    }
    return {};
}

std::optional<std::string> TlsPorts::load(const Options& options) {
    for (const TlsPort port : all_ports) {
        auto settings = tls_settings(options, port);
        if (!settings) continue;
        auto tls = std::make_unique<Tls>(*settings);
        if (auto error = tls->load()) return error;
        ports_[static_cast<std::size_t>(port)] = std::move(tls);
    }
    publish();
    return std::nullopt;
}

void TlsPorts::took(TlsPort port, const std::optional<std::string>& error) const {
    const char* name = names[static_cast<std::size_t>(port)];
    if (error) {
        log::error("certificate refused, the old one stays", {{"port", name}, {"why", *error}});
    } else {
        log::info("certificate taken", {{"port", name}, {"cert", of(port)->settings().cert}, {"expires_s", of(port)->figures().expires_s}});
    }
}

void TlsPorts::look() {
    const std::scoped_lock lock(mutex_);
    for (const TlsPort port : all_ports) {
        if (Tls* tls = of(port); tls && tls->changed()) took(port, tls->load());
    }
    publish();
}

void TlsPorts::reload(const Options& options) {
    const std::scoped_lock lock(mutex_);
    for (const TlsPort port : all_ports) {
        Tls* tls = of(port);
        auto settings = tls_settings(options, port);
        if (tls && settings) {
            settings->only_1_3 = tls->settings().only_1_3;  // these two are in the contexts: they need a restart
            settings->client_ca = tls->settings().client_ca;
            took(port, tls->load(*settings));
        } else if (tls || settings) {
            log::warn("TLS on or off needs a restart", {{"port", names[static_cast<std::size_t>(port)]}});
        }
    }
    publish();
}

void TlsPorts::publish() {
    Tls::Figures sum;
    for (const auto& tls : ports_) {
        if (!tls) continue;
        const Tls::Figures figures = tls->figures();
        sum.expires_s = sum.expires_s == 0 ? figures.expires_s : std::min(sum.expires_s, figures.expires_s);
        sum.full += figures.full;
        sum.resumed += figures.resumed;
    }
    stats_.tls_expires_s.set(sum.expires_s);
    stats_.handshakes(HandshakeResult::full).add(sum.full - published_.full);
    stats_.handshakes(HandshakeResult::resumed).add(sum.resumed - published_.resumed);
    published_ = sum;
}

}  // namespace tickrelay
