// What a relay of a fleet does beside a relay alone: takes up rooms whose node is over, hands its own to others when it drains, lets go
// those that are another's by now, and has operators' calls answered where their room is.
// Owner: the relay; threads of its own. Any thread but a worker's asks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <chrono>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/door/rpc.h"
#include "relay/fleet/nats_store.h"
#include "relay/fleet/tasks.h"
#include "relay/fleet_feeds.h"
#include "relay/options.h"
#include "relay/room_return.h"
#include "relay/run/ports.h"
#include "relay/run/worker.h"

namespace tickrelay {

class FleetDesk {
  public:
    // All must outlive it.
    FleetDesk(NatsStore& store, Lobby& lobby, std::span<WorkerPort* const> workers, std::span<LoopPort* const> loops, RoomReturn& rooms, Controls& controls,
              EventRing& events);
    ~FleetDesk() { stop(); }
    FleetDesk(const FleetDesk&) = delete;
    FleetDesk& operator=(const FleetDesk&) = delete;

    // Where other nodes reach its players' port.
    std::string address_of(const Options& options, std::uint16_t port);
    // From here on this node is one of the fleet's. An error text, or nothing.
    std::optional<std::string> join(const std::string& url, const std::string& address, std::function<FleetNode::Load()> load);
    void stop();

    [[nodiscard]] bool may_run() const { return node_.may_run(); }
    [[nodiscard]] std::vector<NodeInfo> nodes();
    // As Controls::ask_others.
    std::vector<NodeAnswer> ask_others(const std::string& line, Deadline deadline);
    // As Controls::fleet_events.
    Answer<FleetEvents> events(std::optional<std::uint64_t> after, Deadline deadline);
    // As Controls::forward.
    std::optional<std::string> forward(const std::string& method, const std::string& room_id, const std::string& line, Deadline deadline);
    // No room of this id is anywhere, and it is this node's to make; or why not.
    std::optional<Refused> begin(const std::string& room_id);
    void give_up(const std::string& room_id);  // it was not made
    // A room that no node could take up is forgotten. Nothing: there is none of this id.
    std::optional<Answer<Done>> discard(const std::string& room_id);

    // All rooms go to other nodes, as soon as there are some that take them, until it is taken back.
    void drain(bool draining);

  private:
    struct Move {
        RoomRecordPointer record;
        std::string to;
        bool parked = false;
        bool durable = false;
        std::optional<std::string> answer{};  // of who is to adopt it; empty: it did
        bool nobody = false;                  // is there to answer
        bool went = false;                    // its players were sent after it
    };
    struct Stays {
        std::chrono::steady_clock::time_point until{};
        std::chrono::seconds pause{0};
    };

    void look();
    void look_for_own();
    void let_go_lost();
    void let_go_all();
    void move_rooms();
    std::size_t move(std::vector<Move>& moves);
    void park(std::vector<Move>& moves);
    void ask_to_adopt(std::vector<Move>& moves);
    bool finish(const Move& move);
    void take_back(const std::string& room_id);
    std::uint64_t own_revision(const std::string& room_id);
    void let_go(const RoomRecordPointer& record, CloseCode code, const std::string& detail);
    std::string adopt(const std::string& room_id, std::uint64_t revision);
    std::optional<std::string> serve();
    void learn_bans();
    void learn_ban(nlohmann::json ban, std::set<std::string>& known);
    [[nodiscard]] std::string subject(const std::string& node, const char* what) const;
    std::optional<std::string> ask(const std::string& node, const std::string& line, Deadline deadline, bool& nobody);
    std::string spawn_at(const std::string& room_id, std::int64_t now_ns);

    NatsStore& store_;
    FleetNode& node_;
    Lobby& lobby_;
    std::span<WorkerPort* const> workers_;
    RoomReturn& rooms_;
    Rpc rpc_;
    FleetFeeds feeds_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> stopping_{false};
    std::chrono::steady_clock::time_point own_due_{};  // the moves' thread's
    std::map<std::string, Stays> stays_;               // likewise: rooms that nobody took, and until when they are not offered again
    std::set<std::string> owed_;                       // likewise: rooms that take_back() could not take
    std::set<std::string> missing_;                    // likewise: this node's rooms that it did not run at the last look
    std::atomic<bool> looks_{false};  // a look is under way, or waits
    Tasks moves_{"fleet-moves"};      // rooms come and go
    Tasks calls_{"fleet-calls"};      // other nodes' calls
};

}  // namespace tickrelay
