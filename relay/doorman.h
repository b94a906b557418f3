// Who stands at the players' door: bans, quotas of addresses, origins and balancers in one place, each refusal counted and logged.
// Any thread but where it says otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "relay/door/access.h"
#include "relay/door/bans.h"
#include "relay/door/quota.h"
#include "relay/door/refusal_log.h"
#include "relay/options.h"
#include "relay/run/guard.h"
#include "relay/stats.h"

namespace tickrelay {

class Doorman final : public Guard {
  public:
    using Clock = std::function<std::int64_t()>;  // CLOCK_MONOTONIC, ns, or the simulator's

    // `bans` must outlive it; `counts` is the acceptor's.
    Doorman(const Options& options, const Bans& bans, StatsShard& counts, Clock clock);

    void set(const Options& options);  // what a reload may change

    // ---- on the acceptor's thread
    [[nodiscard]] bool admit(const PeerAddress& from);
    void no_header(const PeerAddress& from, std::string_view why);
    [[nodiscard]] std::uint32_t connections_per_s() const { return connections_per_s_.load(std::memory_order_relaxed); }

    // ---- on loops
    void release(const PeerAddress& from);
    void bad_handshake(const PeerAddress& from, BadHandshake why, StatsShard& counts);
    std::optional<Drop> join(const PeerAddress& from, std::int64_t now_ns) override;
    void refused(const PeerAddress& from, std::string_view reason, std::string_view detail, std::int64_t now_ns) override;

    [[nodiscard]] const Access& access() const { return access_; }

  private:
    const Bans& bans_;
    StatsShard& counts_;
    Clock clock_;
    Access access_;
    Quota quota_;
    RefusalLog log_;
    std::atomic<std::uint32_t> connections_per_s_{0};
};

}  // namespace tickrelay
