// Publications of watched rooms between the nodes of a fleet, over NATS without JetStream: nothing is kept, and what is lost is asked for
// anew.
//
//     PREFIX.watch.ROOM       publications, by the room's owner, in parts where one message does not hold one
//     PREFIX.node.NODE.watch  "ROOM" or "ROOM\nwhole": this room is watched for some seconds more, from all of it on
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/fleet/nats.h"
#include "relay/fleet/node.h"
#include "relay/fleet/tasks.h"

namespace tickrelay {

class FleetWatch {
  public:
    using Heard = std::function<void(std::span<const std::byte> publication)>;

    // Both must outlive it.
    FleetWatch(Nats& nats, FleetNode& node) : nats_(nats), node_(node) {}

    // asked(room, whole): a node watches a room of this one. Must only hand on. An error text, or nothing.
    std::optional<std::string> start(std::function<void(const std::string& room_id, bool whole)> asked);
    void stop();

    [[nodiscard]] bool may_run() const { return node_.may_run(); }
    [[nodiscard]] Directory::Found find(const std::string& room_id) { return node_.find(room_id); }
    // Where this node's spectators may go; empty: there is no other.
    [[nodiscard]] std::string url_of_another();
    void ask(const std::string& node, const std::string& room_id, bool whole);
    // What that node publishes of a room, as long as the pointer lives, and once after it. Null: not now.
    std::shared_ptr<void> listen(const std::string& node, const std::string& room_id, Heard heard);
    // Any thread, without waiting. What the servers do not take in time is dropped.
    void publish(const std::string& room_id, std::span<const std::byte> publication);

  private:
    void send(const std::string& room_id, const std::vector<std::byte>& publication);

    Nats& nats_;
    FleetNode& node_;
    std::atomic<std::size_t> waiting_bytes_{0};
    std::uint64_t sent_ = 0;  // the sender's
    std::shared_ptr<void> asked_;
    Tasks sender_{"fleet-watch"};
};

}  // namespace tickrelay
