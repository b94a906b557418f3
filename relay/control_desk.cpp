#include "relay/control_desk.h"

#include <algorithm>
#include <future>

#include "relay/event_journal.h"
#include "relay/run/lws_loop.h"

namespace tickrelay {

namespace {

constexpr double headroom_least = 0.05;  // below it /readyz sends new players elsewhere

Refused no_room(const std::string& room_id) {
    return {std::string(reason_room_not_found), "there is no room '" + room_id + "' on this relay: tickrelayctl rooms lists them"};
}
Refused no_player(const std::string& player_id) {
    return {std::string(reason_no_such_player), "no player '" + player_id + "' has a seat in this room"};
}

class Question final : public Errand {
  public:
    explicit Question(std::function<void(Worker&, std::int64_t)> todo) : todo_(std::move(todo)) {}
    void run(Worker& worker, std::int64_t now_ns) override { todo_(worker, now_ns); }

  private:
    std::function<void(Worker&, std::int64_t)> todo_;
};

}  // namespace

ControlDesk::ControlDesk(Reception& reception, Lobby& lobby, Tickets& tickets, const Stats& stats, EventRing& events,
                         std::span<WorkerPort* const> workers, std::function<void(std::optional<double>)> drain)
    : reception_(reception), lobby_(lobby), tickets_(tickets), stats_(stats), events_(events), workers_(workers),
      drain_(std::move(drain)) {}

template <typename Result>
Answer<Result> ControlDesk::ask(const std::string& room_id, Deadline deadline, OnPlace<Result> todo) {
    const RoomRecordPointer record = lobby_.find(room_id);
    if (!record) return no_room(room_id);
    const auto promise = std::make_shared<std::promise<Answer<Result>>>();
    std::future<Answer<Result>> answer = promise->get_future();
    workers_[record->worker]->post(std::make_unique<Question>([=](Worker& worker, std::int64_t now_ns) {
        Worker::Place* place = worker.place_of(record, now_ns);
        promise->set_value(place == nullptr ? Answer<Result>(no_room(room_id)) : todo(worker, *place));
    }));
    if (answer.wait_until(deadline) != std::future_status::ready)
        return Refused{std::string(reason_timeout), "the room's worker did not answer in time"};
    return answer.get();
}

void ControlDesk::tell(RelayEventType type, const std::string& room_id, std::string label, std::string data) {
    events_.push({.time_ms = unix_ms(), .type = type, .room_id = room_id, .player_id = {}, .label = std::move(label), .data = std::move(data)});
}

// ---------------------------------------------------------------------------------------------- the relay

RelayInfo ControlDesk::info() {
    const StatsTotals totals = stats_.totals();
    RelayInfo info;
    info.node = about_.node;
    info.version = version();
    info.uptime_s = static_cast<double>(monotonic_ns() - about_.started_ns) / 1e9;
    info.rooms = lobby_.size();
    info.players = static_cast<std::uint64_t>(std::max<std::int64_t>(totals.players, 0));
    info.headroom = totals.headroom;
    info.draining = reception_.draining();
    info.listen = about_.listen;
    info.ops_listen = about_.ops_listen;
    info.url = about_.url;
    return info;
}

std::string ControlDesk::unready() {
    if (reception_.draining()) return "draining";
    if (stats_.totals().headroom < headroom_least) return "out of headroom";
    return {};
}

Answer<std::uint64_t> ControlDesk::drain(std::optional<double> deadline_s, Deadline) {
    tell(RelayEventType::relay_draining, "", "", "");
    drain_(deadline_s);
    return std::uint64_t{lobby_.size()};
}

Answer<Done> ControlDesk::undrain(Deadline) {
    reception_.set_draining(false);
    tell(RelayEventType::relay_undrained, "", "", "");
    return Done{};
}

Answer<TicketIssued> ControlDesk::issue_ticket(TicketRequest request, Deadline) {
    if (!lobby_.find(request.room_id)) return no_room(request.room_id);
    const std::int64_t now_ms = monotonic_ns() / 1'000'000;
    Ticket ticket{.room_id = request.room_id,
                  .player_id = request.player_id,
                  .role = request.role,
                  .expires_ms = now_ms + std::int64_t{request.ttl_s} * 1000};
    std::string text = tickets_.issue(std::move(ticket), now_ms);
    if (text.empty()) return Refused{"too_many_tickets", "65,536 tickets are unspent: let some expire, or give them a shorter ttl_s"};
    return TicketIssued{.ticket = std::move(text), .url = about_.url};
}

// ---------------------------------------------------------------------------------------------- rooms

Answer<std::vector<RoomEntry>> ControlDesk::rooms(Deadline) {
    std::vector<RoomEntry> rooms;
    const std::int64_t now_ns = monotonic_ns();
    for (RoomListing& room : lobby_.list([](const RoomRecord&) { return true; }, ~std::size_t{0}))
        rooms.push_back({.room_id = std::move(room.id),
                         .type = std::move(room.type),
                         .players = room.players,
                         .max_players = room.max_players,
                         .tick_rate = room.tick_rate,
                         .is_private = room.is_private,
                         .locked = room.locked,
                         .metadata = std::move(room.metadata),
                         .age_s = static_cast<double>(now_ns - room.created_ns) / 1e9});
    return rooms;
}

Answer<Spawned> ControlDesk::spawn(SpawnRequest request, Deadline deadline) {
    const RoomSettings wanted = request.settings;
    CloseCode refused{};
    RoomRecordPointer existing;
    const RoomRecordPointer record = reception_.make_room(std::move(request.settings), monotonic_ns(), refused, &existing);
    if (!record && existing) {
        if (!agree(existing->settings, wanted, request.given))
            return Refused{std::string(reason_room_exists), "room '" + wanted.id + "' exists with other settings: choose another id"};
        return Spawned{existing->id, about_.url, about_.node};
    }
    if (!record && refused == CloseCode::restarting) return Refused{std::string(reason_draining), "the relay is draining: spawn elsewhere"};
    if (!record && refused == CloseCode::unknown_type)
        return Refused{"unknown_logic", "no logic '" + wanted.logic + "' is loaded: relay, chat, demo, or one given with --logic"};
    if (!record) return Refused{"too_many_rooms", "the quota of rooms is used up: raise quotas.rooms"};
    // The worker makes it now, so that it lives from here on and not from the first join.
    Answer<Done> made = ask<Done>(record->id, deadline, [](Worker&, Worker::Place&) { return Done{}; });
    if (const auto* why = std::get_if<Refused>(&made)) return *why;
    return Spawned{record->id, about_.url, about_.node};
}

Answer<Done> ControlDesk::update(UpdateRequest request, Deadline deadline) {
    const RoomRecordPointer record = lobby_.find(request.room_id);
    if (!record) return no_room(request.room_id);
    const auto pointer = [](auto& optional) { return optional ? &*optional : nullptr; };
    lobby_.update(record, pointer(request.metadata), pointer(request.is_private), pointer(request.locked), pointer(request.max_players));
    tell(RelayEventType::room_updated, request.room_id, "", request.metadata.value_or(""));
    return ask<Done>(request.room_id, deadline, [request, pointer](Worker&, Worker::Place& place) {
        place.room->update(pointer(request.metadata), pointer(request.is_private), pointer(request.locked), pointer(request.max_players));
        return Done{};
    });
}

Answer<Done> ControlDesk::close(std::string room_id, std::string reason, Deadline deadline) {
    return ask<Done>(room_id, deadline, [reason](Worker& worker, Worker::Place& place) {
        worker.close_room(place, CloseCode::room_closed, reason.empty() ? "room_closed" : reason);
        return Done{};
    });
}

Answer<Done> ControlDesk::broadcast(BroadcastRequest request, Deadline deadline) {
    return ask<Done>(request.room_id, deadline, [request](Worker&, Worker::Place& place) {
        place.room->broadcast(request.type, std::as_bytes(std::span(request.data)));
        return Done{};
    });
}

Answer<LayoutPointer> ControlDesk::layout(std::string room_id, Deadline) {
    const RoomRecordPointer record = lobby_.find(room_id);
    if (!record) return no_room(room_id);
    return record->settings.layout;
}

Answer<SetDone> ControlDesk::set(SetRequest request, Deadline deadline) {
    return ask<SetDone>(request.room_id, deadline, [request](Worker&, Worker::Place& place) -> Answer<SetDone> {
        const Refusal refusal = place.room->write(request.entity, request.component, request.mask, request.data);
        if (refusal != Refusal::none)
            return Refused{std::string(label(refusal)), "entity " + std::to_string(request.entity) + ": " + std::string(label(refusal))};
        return SetDone{place.room->tick() + 1};
    });
}

Answer<Done> ControlDesk::show(ShowRequest request, Deadline deadline) {
    return ask<Done>(request.room_id, deadline, [request](Worker&, Worker::Place& place) -> Answer<Done> {
        Room& room = *place.room;
        if (room.views() == nullptr) return Refused{std::string(reason_no_views), "everyone sees all of this room: spawn it with views = true"};
        Visibility to{.by = request.by, .players = {}};
        for (const std::string& id : request.player_ids) {
            const Seat* seat = room.find_player(id);
            if (seat == nullptr) return no_player(id);
            to.players.push_back(seat->number);
        }
        const Refusal refusal = room.show(request.entity, std::move(to));
        if (refusal == Refusal::not_allowed)
            return Refused{std::string(label(refusal)), "entity " + std::to_string(request.entity) + " is the room's or a seat's: everyone sees those"};
        if (refusal != Refusal::none)
            return Refused{std::string(label(refusal)), "entity " + std::to_string(request.entity) + ": " + std::string(label(refusal))};
        return Done{};
    });
}

Answer<Done> ControlDesk::update_player(PlayerUpdateRequest request, Deadline deadline) {
    return ask<Done>(request.room_id, deadline, [request](Worker&, Worker::Place& place) -> Answer<Done> {
        Room& room = *place.room;
        const Seat* seat = room.find_player(request.player_id);
        if (seat == nullptr) return no_player(request.player_id);
        if (request.team) room.set_team(seat->number, *request.team);
        if (request.looks_from) room.look_from(seat->number, *request.looks_from);
        return Done{};
    });
}

Answer<Done> ControlDesk::kick(KickRequest request, Deadline deadline) {
    if (request.ban_s != 0)
        reception_.ban(request.room_id, request.player_id, monotonic_ns() + std::int64_t{request.ban_s} * 1'000'000'000);
    return ask<Done>(request.room_id, deadline, [request](Worker&, Worker::Place& place) -> Answer<Done> {
        const Seat* seat = place.room->find_player(request.player_id);
        if (seat == nullptr) return no_player(request.player_id);
        place.room->kick(seat->number, request.reason.empty() ? "kicked" : request.reason);
        return Done{};
    });
}

Answer<Done> ControlDesk::simulate(SimulateRequest, Deadline) {
    return Refused{std::string(reason_not_available), "this version does not play a bad network yet"};
}

Answer<Done> ControlDesk::result(ResultRequest request, Deadline) {
    if (!lobby_.find(request.room_id)) return no_room(request.room_id);
    tell(RelayEventType::room_result, request.room_id, "", request.data);
    return Done{};
}

// ---------------------------------------------------------------------------------------------- looking into a room

namespace {

PlayerInfo player_info(const Worker& worker, const Worker::Place& place, const Seat& seat) {
    PlayerInfo info{.player_id = seat.player_id, .number = seat.number, .role = seat.role, .connected = seat.connected()};
    if (const Worker::Placed* at = worker.placed(place, seat.number)) {
        info.rtt_ms = at->link->round_trip_us.load() / 1e3;
        info.state_age_ms = at->link->state_age_ms.load();
        info.bytes_per_s = at->link->bytes_per_s.load();
        info.behind_ticks = at->link->behind_ticks.load();
    }
    return info;
}

ComponentInfo component_info(const World& world, const FrameBytes& bytes, ComponentIndex index) {
    const Component& component = world.layout().component(index);
    ComponentInfo info{.name = component.name, .entities = world.rows(index).size(), .fields = {}};
    info.changes = bytes.changed(index);
    info.changed_per_s = bytes.rate(index).changed_per_s;
    info.bytes = bytes.component(index);
    info.bytes_per_s = bytes.rate(index).bytes_per_s;
    for (std::size_t f = 0; f < component.fields.size(); ++f) info.fields.push_back({component.fields[f].name, bytes.field(index, f)});
    return info;
}

FramesInfo frames_info(const FrameBytes& bytes) {
    return {.count = bytes.frames(),
            .bytes = static_cast<double>(bytes.total()),
            .envelope = bytes.envelope(),
            .events = bytes.events(),
            .other = bytes.other(),
            .bytes_per_s = bytes.rate().bytes_per_s};
}

}  // namespace

Answer<RoomInfo> ControlDesk::room(std::string room_id, Deadline deadline) {
    const std::string node = about_.node;
    const std::string url = about_.url;
    return ask<RoomInfo>(room_id, deadline, [node, url](Worker& worker, Worker::Place& place) {
        const Room& room = *place.room;
        RoomInfo info;
        info.settings = room.settings();
        info.node = node;
        info.url = url;
        info.term = room.term();
        info.tick = room.tick();
        info.age_s = static_cast<double>(monotonic_ns() - place.record->created_ns) / 1e9;
        info.entities = room.world().size();
        info.ticks_skipped = place.ticks_skipped;
        info.tick_mean_us = place.tick_mean_us;
        info.tick_max_us = place.tick_max_us;
        for (const auto& seat : room.seats()) info.players.push_back(player_info(worker, place, *seat));
        for (const PlayerInfo& player : info.players) info.bytes_per_s += player.bytes_per_s;
        for (ComponentIndex i = 0; i < room.world().layout().components().size(); ++i)
            info.components.push_back(component_info(room.world(), *place.frame_bytes, i));
        info.frames = frames_info(*place.frame_bytes);
        return info;
    });
}

Answer<RoomState> ControlDesk::state(std::string room_id, Deadline deadline) {
    return ask<RoomState>(room_id, deadline, [](Worker&, Worker::Place& place) {
        const World& world = place.room->world();
        RoomState state{.layout = place.record->settings.layout, .term = place.room->term(), .tick = place.room->tick(), .entities = {}};
        std::vector<EntityId> ids(world.entities().ids().begin(), world.entities().ids().end());
        std::ranges::sort(ids);
        for (const EntityId id : ids) {
            EntityValue entity{.entity = id, .components = {}};
            for (ComponentIndex i = 0; i < world.layout().components().size(); ++i) {
                if (!world.has(id, i)) continue;
                const auto value = world.get(id, i);
                entity.components.push_back({.component = i, .bytes = {value.begin(), value.end()}});
            }
            state.entities.push_back(std::move(entity));
        }
        return state;
    });
}

}  // namespace tickrelay
