// Answers what the admin socket and the operations port ask, by errands to the workers, which reply between ticks.
// Any thread but a worker's: calls block.
#pragma once

#include <functional>
#include <future>
#include <span>
#include <string>

#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/door/ticket.h"
#include "relay/fleet/store.h"
#include "relay/fleet_desk.h"
#include "relay/journal_pump.h"
#include "relay/reception.h"
#include "relay/run/ports.h"
#include "relay/run/worker.h"

namespace tickrelay {

class ControlDesk final : public Controls {
  public:
    // What the relay knows of itself.
    struct About {
        std::string node;
        std::string listen;
        std::string ops_listen;
        std::string url;
        std::string ops_url;
        std::string admin_tcp;
        std::int64_t started_ns = 0;
    };

    // What the relay does at an operator's wish.
    struct Wishes {
        std::function<void(std::optional<double> deadline_s)> drain;
        std::function<std::optional<std::string>()> undrain;  // an error text where the rooms that were handed over do not come back
    };

    ControlDesk(Reception& reception, Lobby& lobby, Tickets& tickets, const Stats& stats, EventRing& events,
                std::span<WorkerPort* const> workers, Wishes wishes);

    // Before there are calls.
    void set_about(About about) { about_ = std::move(about); }
    // Results wait until they are in the journal. Bans outlive the process: those that the store has hold from now on.
    void keep_in(JournalPump& journal, Store& store);

    void join_fleet(FleetDesk& fleet) { fleet_ = &fleet; }

    std::optional<std::string> forward(const std::string& method, const std::string& room_id, const std::string& line, Deadline deadline) override {
        return fleet_ == nullptr ? std::nullopt : fleet_->forward(method, room_id, line, deadline);
    }
    std::optional<std::vector<NodeAnswer>> ask_others(const std::string& line, Deadline deadline) override {
        return fleet_ == nullptr ? std::nullopt : std::optional(fleet_->ask_others(line, deadline));
    }
    std::vector<NodeInfo> nodes() override { return fleet_ == nullptr ? std::vector<NodeInfo>() : fleet_->nodes(); }
    Answer<FleetEvents> fleet_events(std::optional<std::uint64_t> after, Deadline deadline) override {
        return fleet_ == nullptr ? Controls::fleet_events(after, deadline) : fleet_->events(after, deadline);
    }
    RelayInfo info() override;
    std::shared_ptr<const RoomTypes> types() override { return reception_.types(); }
    std::string unready() override;
    std::string trace_of(const std::string& room_id) override;
    Answer<std::uint64_t> drain(std::optional<double> deadline_s, Deadline deadline) override;
    Answer<Done> undrain(Deadline deadline) override;
    Answer<std::vector<RoomEntry>> rooms(Deadline deadline) override;
    Answer<Spawned> spawn(SpawnRequest request, Deadline deadline) override;
    Answer<Done> update(UpdateRequest request, Deadline deadline) override;
    Answer<RoomInfo> room(std::string room_id, Deadline deadline) override;
    Answer<Done> close(std::string room_id, std::string reason, Deadline deadline) override;
    Answer<Done> broadcast(BroadcastRequest request, Deadline deadline) override;
    Answer<LayoutPointer> layout(std::string room_id, Deadline deadline) override;
    Answer<SetDone> set(SetRequest request, Deadline deadline) override;
    Answer<Done> show(ShowRequest request, Deadline deadline) override;
    Answer<Done> update_player(PlayerUpdateRequest request, Deadline deadline) override;
    Answer<RoomState> state(StateRequest request, Deadline deadline) override;
    Answer<RoomPlaces> places(PlacesRequest request, Deadline deadline) override;
    Answer<Done> kick(KickRequest request, Deadline deadline) override;
    Answer<Banned> ban(BanRequest request, Deadline deadline) override;
    std::vector<BanEntry> bans(std::size_t skip, std::size_t count) override;
    Answer<Unbanned> unban(BanRequest request, Deadline deadline) override;
    Answer<Done> simulate(SimulateRequest request, Deadline deadline) override;
    Answer<TicketIssued> issue_ticket(TicketRequest request, Deadline deadline) override;
    Answer<Done> result(ResultRequest request, Deadline deadline) override;

  private:
    template <typename Result>
    using OnPlace = std::function<Answer<Result>(Worker&, Worker::Place&)>;

    // Runs on the room's worker; refuses where there is no such room, or no answer by the deadline.
    template <typename Result>
    Answer<Result> ask(const std::string& room_id, Deadline deadline, OnPlace<Result> todo);
    // The room is in the store as it is now; or why not.
    std::optional<Refused> keep(const RoomRecordPointer& record, Deadline deadline);
    std::future<Stored> keep_ban(const Bans::Ban& ban, bool ends);
    std::optional<bool> kept(std::future<Stored> answer, Deadline deadline) const;
    std::uint64_t tell(RelayEventType type, const RoomRecord* room = nullptr, std::string data = {});

    Reception& reception_;
    Lobby& lobby_;
    Tickets& tickets_;
    const Stats& stats_;
    EventRing& events_;
    std::span<WorkerPort* const> workers_;
    Wishes wishes_;
    JournalPump* journal_ = nullptr;
    Store* ban_store_ = nullptr;
    FleetDesk* fleet_ = nullptr;
    About about_;
};

}  // namespace tickrelay
