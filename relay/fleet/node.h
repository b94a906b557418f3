// This process as a node of the fleet: renews its lease, watches the directory, looks at silent nodes and declares those over that are.
// Owner: the NATS store; its own thread. What it says is asked for by any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "relay/fleet/directory.h"
#include "relay/fleet/lease.h"
#include "relay/fleet/nats.h"
#include "relay/fleet/tasks.h"

namespace tickrelay {

struct NodeSettings {
    std::string name;
    std::string prefix;                      // of buckets and subjects: several fleets may share servers
    std::int64_t lease_ns = 10'000'000'000;
};

class FleetNode {
  public:
    struct Load {
        double headroom = 1;
        std::uint32_t rooms = 0;
        bool draining = false;
    };
    // On this node's thread; must only hand on.
    struct Events {
        std::function<void()> look;                // rooms may have become free, or this node's no longer
        std::function<void()> fenced;              // others may have all of its rooms: it runs none of them any more
    };

    FleetNode(Nats& nats, NodeSettings settings);
    ~FleetNode() { stop(); }

    // Reads the directory. An error text, or nothing.
    std::optional<std::string> open();
    // From here on the others know it, and it may run rooms. Waits for a process before of the same name to be over, at most lease + margin.
    std::optional<std::string> join(const std::string& url, const std::string& address, std::function<Load()> load, Events events);
    void leave();  // its rooms are free; join() is over
    void stop();
    void renew_now();  // others are to hear of a change at once

    [[nodiscard]] const Lease& lease() const { return lease_; }
    [[nodiscard]] bool may_run() const { return lease_.holds(boottime_ns()); }
    void kept_until(std::int64_t ms) { kept_ms_.store(ms, std::memory_order_relaxed); }

    // ---- the directory
    template <typename Ask>
    auto ask(Ask ask) {
        const std::scoped_lock lock(mutex_);
        return ask(directory_, boottime_ns());
    }
    [[nodiscard]] Directory::Found find(const std::string& id) {
        return ask([&](Directory& directory, std::int64_t now_ns) { return directory.find(id, now_ns); });
    }
    // What this node wrote, before its own watch says so.
    void wrote_room(const std::string& id, const RoomClaim& entry, std::uint64_t revision);
    void removed_room(const std::string& id, std::uint64_t revision);
    // The directory here is not what the servers have, whatever its newest revision is: it is listed anew. Any thread.
    void doubt() { doubted_ = true; }
    // As the leader has it now. False: not known.
    bool read_node(const std::string& name);
    // Ids that were this node's, and are another's.
    std::deque<std::string> take_lost();

    [[nodiscard]] std::string rooms_bucket() const { return settings_.prefix + "_rooms"; }
    [[nodiscard]] std::string nodes_bucket() const { return settings_.prefix + "_nodes"; }
    [[nodiscard]] const std::string& prefix() const { return settings_.prefix; }
    [[nodiscard]] const std::string& name() const { return settings_.name; }
    [[nodiscard]] std::string incarnation() {
        return ask([](Directory& directory, std::int64_t) { return directory.incarnation(); });
    }

  private:
    void run();
    void step(std::int64_t now_ns);
    void look_around(std::int64_t now_ns);
    bool renew(std::int64_t sent_ns);
    void settle_conflict();
    void begin_anew();
    void probe(std::int64_t now_ns);
    void bury(std::int64_t now_ns);
    void look_at_watches(std::int64_t now_ns);
    void watch_rooms();
    void watch_nodes();
    bool wait_listed(const std::function<bool(const Directory&)>& done);
    std::optional<std::string> take_name();
    [[nodiscard]] NodeEntry own_entry() const;

    Nats& nats_;
    const NodeSettings settings_;
    Lease lease_;
    std::atomic<std::int64_t> kept_ms_{0};

    std::mutex mutex_;
    std::condition_variable moved_;
    Directory directory_;  // under mutex_
    std::deque<std::string> lost_;  // likewise
    std::uint64_t nodes_seen_ = 0;  // likewise: the newest revision that a watch told of
    std::uint64_t rooms_seen_ = 0;

    // The thread's, from join() on.
    NodeEntry own_;
    std::uint64_t own_revision_ = 0;
    std::deque<std::pair<std::uint64_t, std::int64_t>> beats_;  // those whose fate may be unknown, and when they were sent
    std::function<Load()> load_;
    Events events_;
    std::atomic<std::int64_t> renewed_ns_{0};  // when the last renewal that succeeded was sent; anyone reads it
    std::int64_t renew_due_ns_ = 0;
    std::atomic<bool> doubted_{false};

    // Of the thread that looks around.
    std::int64_t probe_due_ns_ = 0;
    std::int64_t watches_due_ns_ = 0;
    std::uint64_t nodes_last_ = 0;  // what the buckets had at the last look
    std::uint64_t rooms_last_ = 0;

    std::mutex wake_mutex_;
    std::condition_variable wakes_;
    bool renew_now_ = false;
    bool stopping_ = false;
    std::thread thread_;
    Tasks around_{"fleet-around"};  // watches, probes, burials
};

}  // namespace tickrelay
