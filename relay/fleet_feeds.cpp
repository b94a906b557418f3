#include "relay/fleet_feeds.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <utility>

#include "relay/fleet/nats_feed.h"

namespace tickrelay {

namespace {

constexpr std::size_t waiting_max = 512;  // events, of one subscriber; the servers keep the rest
constexpr std::int64_t patience_ms = 5;
constexpr std::chrono::milliseconds look_every{40};

}  // namespace

struct FleetFeeds::Feed final : EventFeed {
    Feed(Nats& nats, const std::string& stream, const std::string& subjects, std::uint64_t after) : from(nats, stream, subjects, after) {}

    std::vector<Event> take(std::size_t count) override {
        const std::scoped_lock lock(mutex);
        std::vector<Event> taken;
        while (!waiting.empty() && taken.size() < count) {
            taken.push_back(std::move(waiting.front()));
            waiting.pop_front();
        }
        return taken;
    }
    // Whether something came.
    bool read() {
        bool came = false;
        for (;;) {
            {
                const std::scoped_lock lock(mutex);
                if (waiting.size() >= waiting_max) return came;
            }
            auto message = from.next(patience_ms);
            if (!message) return came;
            const std::scoped_lock lock(mutex);
            if (message->lost_from != 0) waiting.push_back({.seq = message->number - 1, .lost_from = message->lost_from});
            waiting.push_back({.seq = message->number, .text = std::move(message->bytes)});
            came = true;
        }
    }

    NatsFeed from;  // the thread's
    std::mutex mutex;
    std::deque<Event> waiting;
};

FleetFeeds::FleetFeeds(Nats& nats, std::string stream, std::string subjects, std::function<void()> news)
    : nats_(nats), stream_(std::move(stream)), subjects_(std::move(subjects)), news_(std::move(news)) {}

std::shared_ptr<EventFeed> FleetFeeds::open(std::uint64_t after) {
    auto feed = std::make_shared<Feed>(nats_, stream_, subjects_, after);
    const std::scoped_lock lock(mutex_);
    if (stopping_) return feed;
    feeds_.push_back(feed);
    if (!thread_.joinable()) {
        thread_ = std::thread([this] { run(); });
        pthread_setname_np(thread_.native_handle(), "fleet-feeds");
    }
    wakes_.notify_all();
    return feed;
}

void FleetFeeds::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
        wakes_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    feeds_.clear();
}

void FleetFeeds::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto live = std::stable_partition(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed.use_count() != 1; });
        std::vector<std::shared_ptr<Feed>> over(std::make_move_iterator(live), std::make_move_iterator(feeds_.end()));
        feeds_.erase(live, feeds_.end());
        const std::vector<std::shared_ptr<Feed>> feeds = feeds_;
        lock.unlock();
        over.clear();  // without the lock: the servers are told, and may be slow
        bool came = false;
        for (const auto& feed : feeds) came |= feed->read();
        if (came) news_();
        lock.lock();
        if (!stopping_ && !came && feeds_.size() == feeds.size()) wakes_.wait_for(lock, feeds.empty() ? std::chrono::milliseconds(10'000) : look_every);
    }
}

}  // namespace tickrelay
