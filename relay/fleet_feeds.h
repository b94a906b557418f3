// The fleet's journal for those who subscribe to it on this node's admin socket: one thread reads the stream for all of them, and nobody's
// memory grows with how slowly it reads. Owner: FleetDesk; any thread opens and takes.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "relay/door/event_feed.h"
#include "relay/fleet/nats.h"

namespace tickrelay {

class FleetFeeds {
  public:
    // news: somebody has something to take; must only wake. Nats must outlive stop().
    FleetFeeds(Nats& nats, std::string stream, std::string subjects, std::function<void()> news);
    ~FleetFeeds() { stop(); }
    FleetFeeds(const FleetFeeds&) = delete;
    FleetFeeds& operator=(const FleetFeeds&) = delete;

    std::shared_ptr<EventFeed> open(std::uint64_t after);
    void stop();

  private:
    struct Feed;
    void run();

    Nats& nats_;
    const std::string stream_;
    const std::string subjects_;
    const std::function<void()> news_;
    std::mutex mutex_;
    std::condition_variable wakes_;
    std::vector<std::shared_ptr<Feed>> feeds_;  // one that only this one holds is over
    bool stopping_ = false;
    std::thread thread_;  // from the first feed on
};

}  // namespace tickrelay
