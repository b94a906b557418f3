// Answers what the admin socket and the operations port ask, by errands to the workers, which reply between ticks.
// Any thread but a worker's: calls block.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "relay/door/controls.h"
#include "relay/door/event_ring.h"
#include "relay/door/ticket.h"
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
        std::int64_t started_ns = 0;
    };

    ControlDesk(Reception& reception, Lobby& lobby, Tickets& tickets, const Stats& stats, EventRing& events,
                std::span<WorkerPort* const> workers, std::function<void(std::optional<double>)> drain);

    void set_about(About about) { about_ = std::move(about); }  // before there are calls

    RelayInfo info() override;
    std::shared_ptr<const RoomTypes> types() override { return reception_.types(); }
    std::string unready() override;
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
    Answer<RoomState> state(std::string room_id, Deadline deadline) override;
    Answer<Done> kick(KickRequest request, Deadline deadline) override;
    Answer<Done> simulate(SimulateRequest request, Deadline deadline) override;
    Answer<TicketIssued> issue_ticket(TicketRequest request, Deadline deadline) override;
    Answer<Done> result(ResultRequest request, Deadline deadline) override;

  private:
    template <typename Result>
    using OnPlace = std::function<Answer<Result>(Worker&, Worker::Place&)>;

    // Runs on the room's worker; refuses where there is no such room, or no answer by the deadline.
    template <typename Result>
    Answer<Result> ask(const std::string& room_id, Deadline deadline, OnPlace<Result> todo);
    void tell(RelayEventType type, const std::string& room_id, std::string label, std::string data);

    Reception& reception_;
    Lobby& lobby_;
    Tickets& tickets_;
    const Stats& stats_;
    EventRing& events_;
    std::span<WorkerPort* const> workers_;
    std::function<void(std::optional<double>)> drain_;
    About about_;
};

}  // namespace tickrelay
