#include "relay/control_desk.h"

#include <algorithm>
#include <future>
#include <span>

#include "relay/core/grid.h"
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
                         std::span<WorkerPort* const> workers, Wishes wishes)
    : reception_(reception), lobby_(lobby), tickets_(tickets), stats_(stats), events_(events), workers_(workers), wishes_(std::move(wishes)) {}

template <typename Result>
Answer<Result> ControlDesk::ask(const std::string& room_id, Deadline deadline, OnPlace<Result> todo) {
    const RoomRecordPointer record = lobby_.find(room_id);
    if (!record) return no_room(room_id);
    const auto promise = std::make_shared<std::promise<Answer<Result>>>();
    std::future<Answer<Result>> answer = promise->get_future();
    workers_[record->worker]->post(std::make_unique<Question>([=](Worker& worker, std::int64_t now_ns) {
        Worker::Place* place = worker.place_of(record, now_ns);
        // A parked one is on its way to another node, which has it in a moment.
        promise->set_value(place == nullptr || place->parked ? Answer<Result>(no_room(room_id)) : todo(worker, *place));
    }));
    if (answer.wait_until(deadline) != std::future_status::ready)
        return Refused{std::string(reason_timeout), "the room's worker did not answer in time"};
    return answer.get();
}

std::uint64_t ControlDesk::tell(RelayEventType type, const RoomRecord* room, std::string data) {
    RelayEvent event{.time_ms = unix_ms(), .type = type, .data = std::move(data)};
    if (room != nullptr) event.room_id = room->id, event.trace_id = room->settings.trace_id;
    return events_.push(std::move(event));
}

std::string ControlDesk::trace_of(const std::string& room_id) {
    const RoomRecordPointer record = lobby_.find(room_id);
    return record ? record->settings.trace_id : "";
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
    info.ops_url = about_.ops_url;
    info.admin_tcp = about_.admin_tcp;
    info.tls_expires_s = totals.tls_expires_s;
    return info;
}

std::string ControlDesk::unready() {
    if (reception_.draining()) return "draining";
    if (fleet_ != nullptr && !fleet_->may_run()) return "no lease: the fleet's NATS servers cannot be reached";
    if (stats_.totals().headroom < headroom_least) return "out of headroom";
    return {};
}

Answer<std::uint64_t> ControlDesk::drain(std::optional<double> deadline_s, Deadline) {
    tell(RelayEventType::relay_draining);
    wishes_.drain(deadline_s);
    return std::uint64_t{lobby_.size()};
}

Answer<Done> ControlDesk::undrain(Deadline) {
    const auto failed = wishes_.undrain();
    tell(RelayEventType::relay_undrained);
    if (failed) return Refused{"store_failing", *failed};
    return Done{};
}

Answer<TicketIssued> ControlDesk::issue_ticket(TicketRequest request, Deadline) {
    if (!lobby_.find(request.room_id)) return no_room(request.room_id);
    const std::int64_t now_s = static_cast<std::int64_t>(unix_ms()) / 1000;
    auto text = tickets_.issue({.room_id = request.room_id,
                                .player_id = request.player_id,
                                .role = request.role,
                                .expires_s = now_s + request.ttl_s,
                                .seat = request.seat,
                                .single_use = request.single_use},
                               now_s);
    if (!text) return Refused{"no_signing_key", "all keys of this relay are public: its match servers make tickets, or give [tickets] a key that signs"};
    return TicketIssued{.ticket = std::move(*text), .url = about_.url};
}

// ---------------------------------------------------------------------------------------------- rooms

Answer<std::vector<RoomEntry>> ControlDesk::rooms(Deadline) {
    std::vector<RoomEntry> rooms;
    const std::int64_t now_ns = monotonic_ns();
    for (RoomListing& room : lobby_.list())
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
    const RoomSettings wanted = reception_.within_quotas(request.settings);
    const bool begins = fleet_ != nullptr && !wanted.id.empty() && !reception_.draining() && !lobby_.find(wanted.id);
    if (begins)
        if (auto why = fleet_->begin(wanted.id)) return *why;
    CloseCode refused{};
    RoomRecordPointer existing;
    const RoomRecordPointer record = reception_.make_room(std::move(request.settings), monotonic_ns(), refused, &existing);
    if (!record && !existing && begins) fleet_->give_up(wanted.id);
    if (!record && existing) {
        if (!agree(existing->settings, wanted, request.given))
            return Refused{std::string(reason_room_exists), "room '" + wanted.id + "' exists with other settings: choose another id"};
        return Spawned{existing->id, about_.url, about_.node, existing->settings.trace_id};
    }
    if (!record && refused == CloseCode::going_away)
        return Refused{std::string(reason_not_available), "this node has lost touch with the fleet's NATS servers, and runs no rooms now"};
    if (!record && refused == CloseCode::restarting) return Refused{std::string(reason_draining), "the relay is draining: spawn elsewhere"};
    if (!record && refused == CloseCode::unknown_type)
        return Refused{"unknown_logic", "no logic '" + wanted.logic + "' is loaded: relay, chat, demo, or one given with --logic"};
    if (!record) return Refused{"too_many_rooms", "the quota of rooms is used up: raise rooms or rooms_per_type of [quota], or the type's max_rooms"};
    // The worker makes it now, so that it lives from here on and not from the first join.
    Answer<Done> made = ask<Done>(record->id, deadline, [](Worker&, Worker::Place&) { return Done{}; });
    if (const auto* why = std::get_if<Refused>(&made)) return *why;
    return Spawned{record->id, about_.url, about_.node, record->settings.trace_id};
}

Answer<Done> ControlDesk::update(UpdateRequest request, Deadline deadline) {
    const RoomRecordPointer record = lobby_.find(request.room_id);
    if (!record) return no_room(request.room_id);
    const auto pointer = [](auto& optional) { return optional ? &*optional : nullptr; };
    lobby_.update(record, pointer(request.metadata), pointer(request.is_private), pointer(request.locked), pointer(request.max_players));
    tell(RelayEventType::room_updated, record.get(), request.metadata.value_or(""));
    return ask<Done>(request.room_id, deadline, [request, pointer](Worker&, Worker::Place& place) {
        place.room->update(pointer(request.metadata), pointer(request.is_private), pointer(request.locked), pointer(request.max_players));
        return Done{};
    });
}

Answer<Done> ControlDesk::close(std::string room_id, std::string reason, Deadline deadline) {
    if (auto discarded = fleet_ != nullptr && !lobby_.find(room_id) ? fleet_->discard(room_id) : std::nullopt) return *std::move(discarded);
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
            return Refused{std::string(label(refusal)), "entity " + std::to_string(request.entity) + " is the room's or a roster entry: everyone sees those"};
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
    if (request.ban_s != 0) {
        const Bans::Ban ban{.player_id = request.player_id,
                            .room_id = request.room_id,
                            .address = {},
                            .until_ns = monotonic_ns() + std::int64_t{request.ban_s} * 1'000'000'000,
                            .reason = request.reason};
        reception_.bans().add(ban);
        keep_ban(ban, false);
    }
    return ask<Done>(request.room_id, deadline, [request](Worker&, Worker::Place& place) -> Answer<Done> {
        const Seat* seat = place.room->find_player(request.player_id);
        if (seat == nullptr) return no_player(request.player_id);
        place.room->kick(seat->number, request.reason.empty() ? "kicked" : request.reason);
        return Done{};
    });
}

Answer<Done> ControlDesk::simulate(SimulateRequest request, Deadline deadline) {
    return ask<Done>(request.room_id, deadline, [request](Worker&, Worker::Place& place) -> Answer<Done> {
        const Seat* seat = place.room->find_player(request.player_id);
        if (seat == nullptr) return no_player(request.player_id);
        place.room->simulate(seat->number, request.conditions);
        return Done{};
    });
}

// Where there is a store: first the room, as it is with this result, then the result, then the answer.
Answer<Done> ControlDesk::result(ResultRequest request, Deadline deadline) {
    const RoomRecordPointer record = lobby_.find(request.room_id);
    if (!record) return no_room(request.room_id);
    if (journal_ != nullptr)
        if (auto refused = keep(record, deadline)) return *refused;
    const std::uint64_t seq = tell(RelayEventType::room_result, record.get(), request.data);
    if (journal_ == nullptr) return Done{};
    const JournalPump::Kept kept = journal_->wait_for(seq, deadline);
    if (kept == JournalPump::Kept::yes) return Done{};
    if (kept == JournalPump::Kept::lost) return Refused{"store_failing", "more happened than could be written in time, and the journal lacks the result: send it again"};
    return Refused{std::string(reason_timeout), "the result is not in the journal yet: it will be when data_dir can be written again"};
}

std::optional<Refused> ControlDesk::keep(const RoomRecordPointer& record, Deadline deadline) {
    const auto promise = std::make_shared<std::promise<bool>>();
    std::future<bool> answer = promise->get_future();
    workers_[record->worker]->post(std::make_unique<Question>([promise, record](Worker& worker, std::int64_t now_ns) {
        Worker::Place* place = worker.place_of(record, now_ns);
        if (place != nullptr) worker.keep_at_next_send(*place, [promise](bool durable) { promise->set_value(durable); });
    }));
    if (answer.wait_until(deadline) != std::future_status::ready)
        return Refused{std::string(reason_timeout), "the room could not be kept in time, and its result was not taken: try again"};
    try {
        if (answer.get()) return std::nullopt;
    } catch (const std::future_error&) {  // nobody answers any more: the room has ended
        return no_room(record->id);
    }
    return Refused{"store_failing", "data_dir cannot be written, and the result was not taken: see the relay's log, and try again"};
}

// ---------------------------------------------------------------------------------------------- looking into a room

namespace {

PlayerInfo player_info(const Worker& worker, const Worker::Place& place, const Seat& seat) {
    PlayerInfo info{.player_id = seat.player_id, .number = seat.number, .role = seat.role, .connected = seat.connected(), .simulated = seat.simulated};
    if (const Worker::Placed* at = worker.placed(place, seat.number)) {
        info.rtt_ms = at->link->round_trip_us.load() / 1e3;
        info.state_age_ms = at->link->state_age_ms.load();
        info.bytes_per_s = at->link->bytes_per_s.load();
        info.behind_ticks = at->link->behind_ticks.load();
        info.address = to_string(at->peer);
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

Answer<RoomState> ControlDesk::state(StateRequest request, Deadline deadline) {
    return ask<RoomState>(request.room_id, deadline, [request](Worker&, Worker::Place& place) {
        const World& world = place.room->world();
        RoomState state{
            .layout = place.record->settings.layout, .term = place.room->term(), .tick = place.room->tick(), .total = world.size(), .entities = {}};
        std::vector<EntityId> ids(world.entities().ids().begin(), world.entities().ids().end());
        if (request.after) std::erase_if(ids, [&](EntityId id) { return id <= *request.after; });
        const std::size_t count = std::min(request.limit, ids.size());
        std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count));
        ids.resize(count);
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

Answer<RoomPlaces> ControlDesk::places(PlacesRequest request, Deadline deadline) {
    return ask<RoomPlaces>(request.room_id, deadline, [request](Worker&, Worker::Place& place) {
        const World& world = place.room->world();
        const Positions positions(world.layout());
        RoomPlaces places{.layout = place.record->settings.layout, .tick = place.room->tick(), .places = {}};
        for (const ComponentIndex component : positions.components()) places.total += world.rows(component).size();
        const std::size_t limit = std::max<std::size_t>(request.limit, 1);
        const std::size_t step = std::max<std::size_t>((places.total + limit - 1) / limit, 1);
        for (const ComponentIndex component : positions.components()) {
            const std::span<const EntityId> ids = world.rows(component).ids();
            for (std::size_t i = 0; i < ids.size(); i += step) {
                Place at{.entity = ids[i], .owner = world.owner(ids[i]), .component = component};
                if (positions.find(world, ids[i], at.at)) places.places.push_back(at);
            }
        }
        return places;
    });
}

}  // namespace tickrelay
