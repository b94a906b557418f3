#include "relay/doorman.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>
#include <utility>

#include "relay/core/plant.h"
#include "relay/log.h"

namespace tickrelay {

namespace {

QuotaLimits limits_of(const Options& options) {
    return {.connections = options.quota_connections,
            .per_address = options.quota_connections_per_address,
            .connects_per_s = options.quota_connections_per_s_per_address,
            .joins_per_s = options.quota_joins_per_s_per_address};
}

OtherReason reason_of(Quota::Verdict verdict) {
    switch (verdict) {
        case Quota::Verdict::address_connections: return OtherReason::address_connections;
        case Quota::Verdict::address_rate: return OtherReason::address_rate;
        default: return OtherReason::connections;
    }
}

}  // namespace

Doorman::Doorman(const Options& options, const Bans& bans, StatsShard& counts, Clock clock)
    : bans_(bans), counts_(counts), clock_(std::move(clock)), quota_(limits_of(options)) {
    set(options);
}

void Doorman::set(const Options& options) {
    quota_.set(limits_of(options));
    access_.set(options.allowed_origins, options.require_origin, options.trusted_proxies);
    messages_per_s = options.quota_messages_per_s;
    bytes_per_s = options.quota_bytes_per_s;
    first_message_ms = static_cast<std::uint32_t>(options.quota_first_message_timeout_s * 1000);
    connections_per_s_ = options.quota_connections_per_s;
}

bool Doorman::admit(const PeerAddress& from) {
    const std::int64_t now_ns = clock_();
    if (bans_.holds(from, now_ns)) {
        counts_.refused(CloseCode::banned).add();
        refused(from, label(CloseCode::banned), "", now_ns);
        return false;
    }
    const Quota::Verdict verdict = quota_.admit(from, now_ns);
    if (verdict == Quota::Verdict::admitted) return true;
    const OtherReason reason = reason_of(verdict);
    counts_.refused(reason).add();
    refused(from, reason_label(reason_index(reason)), "", now_ns);
    return false;
}

void Doorman::no_header(const PeerAddress& from, std::string_view why) {
    counts_.refused(OtherReason::proxy_header).add();
    std::array<char, 160> detail{};
    const int bytes = std::snprintf(detail.data(), detail.size(), "%.*s: let it send one (HAProxy: send-proxy-v2), or take it out of trusted_proxies",
                                    static_cast<int>(why.size()), why.data());
    refused(from, reason_label(reason_index(OtherReason::proxy_header)), {detail.data(), std::min<std::size_t>(static_cast<std::size_t>(bytes), detail.size() - 1)}, clock_());
}

void Doorman::release(const PeerAddress& from) {
    if (!PLANTED(address_leak)) quota_.release(from, clock_());
}

void Doorman::bad_handshake(const PeerAddress& from, BadHandshake why, StatsShard& counts) {
    if (why == BadHandshake::no_memory) {
        counts.refused(CloseCode::overloaded).add();
        return refused(from, label(CloseCode::overloaded), "no memory", clock_());
    }
    const OtherReason reason = why == BadHandshake::origin         ? OtherReason::origin
                               : why == BadHandshake::proxy_header ? OtherReason::proxy_header
                                                                   : OtherReason::handshake;
    counts.refused(reason).add();
    const std::string_view detail =
        why == BadHandshake::proxy_header ? "it begins with a PROXY header, and is not in trusted_proxies: add it there if it is your balancer" : "";
    refused(from, reason_label(reason_index(reason)), detail, clock_());
}

std::optional<Drop> Doorman::join(const PeerAddress& from, std::int64_t now_ns) {
    if (bans_.holds(from, now_ns)) return Drop{CloseCode::banned, "this address"};
    if (!quota_.may_join(from, now_ns)) return Drop{CloseCode::rate_limit, "too many joins from this address"};
    return std::nullopt;
}

void Doorman::refused(const PeerAddress& from, std::string_view reason, std::string_view detail, std::int64_t now_ns) {
    try {
        const std::uint64_t times = log_.note(from, now_ns);
        if (times == 0) return;
        log::info("refused", {{"reason", reason}, {"address", to_string(from)}, {"detail", detail}, {"times", times}});
    } catch (const std::bad_alloc&) {  // it is counted, and refused all the same
    }
}

}  // namespace tickrelay
