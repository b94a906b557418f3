// The messages of a stream after a number, in order, each once, for as long as somebody asks: it finds its place again after NATS was away.
// Owner: one thread. Nats must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "relay/fleet/nats.h"

namespace tickrelay {

class NatsFeed {
  public:
    struct Message {
        std::uint64_t number = 0;     // in the stream
        std::uint64_t lost_from = 0;  // not 0: the stream no longer has these up to this one's predecessor
        std::string bytes;
    };

    NatsFeed(Nats& nats, std::string stream, std::string subjects, std::uint64_t after);
    ~NatsFeed();
    NatsFeed(const NatsFeed&) = delete;
    NatsFeed& operator=(const NatsFeed&) = delete;

    // Waits for so long; nothing: there is none yet, or NATS is away.
    std::optional<Message> next(std::int64_t patience_ms);

  private:
    struct Subscription;
    void look_after();
    bool subscribe();

    Nats& nats_;
    const std::string stream_;
    const std::string subjects_;
    std::uint64_t number_;  // of the last that was given
    std::chrono::steady_clock::time_point heard_{};
    std::unique_ptr<Subscription> subscription_;
};

}  // namespace tickrelay
