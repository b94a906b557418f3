// Everything that operators and match servers can ask of the relay, as plain structs: no JSON, no sockets.
// The admin thread and the operations port call; relay.cpp answers by asking the workers, which reply between ticks.
//
// Calls block until done, at the latest until `deadline`: then they return Refused{"timeout", …}. A call that changes
// something may have been done after a timeout; spawn by id is safe to repeat. Calls come from several threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "relay/address.h"
#include "relay/core/conditions.h"
#include "relay/core/grid.h"
#include "relay/core/settings.h"
#include "relay/core/tick.h"
#include "relay/core/visibility.h"
#include "relay/door/event_feed.h"
#include "relay/door/room_keys.h"

namespace tickrelay {

using Deadline = std::chrono::steady_clock::time_point;

// Why something was not done. `reason` is a stable label for programs, `message` says it to people, with the remedy.
struct Refused {
    std::string reason;
    std::string message;
};

// The reasons that several calls share.
inline constexpr std::string_view reason_room_not_found = "room_not_found";
inline constexpr std::string_view reason_no_such_player = "no_such_player";
inline constexpr std::string_view reason_room_exists = "room_exists";
inline constexpr std::string_view reason_timeout = "timeout";
inline constexpr std::string_view reason_draining = "draining";
inline constexpr std::string_view reason_not_available = "not_available";
inline constexpr std::string_view reason_no_views = "no_views";

template <typename Result>
using Answer = std::variant<Result, Refused>;

struct Done {};

struct RelayInfo {
    std::string node;
    std::string version;
    double uptime_s = 0;
    std::uint64_t rooms = 0;
    std::uint64_t players = 0;
    double headroom = 1;  // 0 to 1
    bool draining = false;
    std::string listen;  // host:port as bound
    std::string ops_listen;
    std::string url;  // what players connect to
    std::string ops_url = {};    // "https://127.0.0.1:8351"
    std::string admin_tcp = {};  // host:port as bound; empty: none
    std::int64_t tls_expires_s = 0;  // since 1970, of the certificate that ends first; 0: no TLS
};

// A node of the fleet, as this one knows it.
struct NodeInfo {
    std::string node;
    std::string url;
    double headroom = 1;
    std::uint64_t rooms = 0;
    bool draining = false;
    bool alive = true;
    bool here = false;   // this one
    double seen_s = 0;   // since it wrote last
};

// What another node of the fleet says to a call, a line of JSON-RPC. Nothing: no answer in time.
struct NodeAnswer {
    std::string node;
    std::optional<std::string> line;
};

// Complete settings: defaults, then the type's, then the call's own. `given` names what the call itself said: where
// the id exists, the answer is that room if agree(its settings, request), else room_exists. An empty id makes one.
struct SpawnRequest {
    RoomSettings settings;
    RoomKeySet given;
};
struct Spawned {
    std::string room_id;
    std::string url;
    std::string node;
    std::string trace_id;
};

struct UpdateRequest {
    std::string room_id;
    std::optional<std::string> metadata;  // JSON object
    std::optional<bool> is_private;
    std::optional<bool> locked;
    std::optional<std::uint32_t> max_players;
};

struct RoomEntry {
    std::string room_id;
    std::string type;
    std::uint32_t players = 0;
    std::uint32_t max_players = 0;
    std::uint16_t tick_rate = 0;
    bool is_private = false;
    bool locked = false;
    std::string metadata = "{}";
    double age_s = 0;
};

struct PlayerInfo {
    std::string player_id;
    PlayerNumber number = 0;
    wire::Role role{};
    bool connected = true;
    double rtt_ms = 0;
    double state_age_ms = 0;
    double bytes_per_s = 0;
    std::uint32_t behind_ticks = 0;
    Conditions simulated;
    std::string address = {};  // empty: not connected
};
// Bytes of frames count once, as they were encoded, however many players got them; since the room is on this node. Rates are of
// the last second.
struct FieldInfo {
    std::string name;
    double bytes = 0;
};
struct ComponentInfo {
    std::string name;
    std::uint64_t entities = 0;  // that carry it
    std::uint64_t changes = 0;   // entities whose value changed, tick by tick
    double changed_per_s = 0;
    double bytes = 0;
    double bytes_per_s = 0;
    std::vector<FieldInfo> fields;  // none of an opaque one; what is left of its bytes says which entities
};
struct FramesInfo {
    std::uint64_t count = 0;
    double bytes = 0;  // the components' and these:
    double envelope = 0;
    double events = 0;
    double other = 0;  // who came and went
    double bytes_per_s = 0;
};
struct RoomInfo {
    RoomSettings settings;
    std::string node;
    std::string url;
    std::uint32_t term = 0;
    Tick tick = 0;
    double age_s = 0;
    std::uint64_t entities = 0;
    std::uint64_t ticks_skipped = 0;
    double tick_mean_us = 0;
    double tick_max_us = 0;
    double bytes_per_s = 0;  // to all players together
    FramesInfo frames;
    std::vector<PlayerInfo> players;
    std::vector<ComponentInfo> components;
};

struct BroadcastRequest {
    std::string room_id;
    std::string type;
    std::string data;  // bytes
};

// Packed like an action's `mask` and `data`: native width, field order, no padding; opaque: the value. An entity that
// lacks the component gets it. Values are not quantised yet.
struct SetRequest {
    std::string room_id;
    EntityId entity = 0;
    ComponentIndex component = 0;
    std::uint64_t mask = 0;
    std::vector<std::byte> data;
};
struct SetDone {
    Tick tick = 0;  // at which it was applied
};

// In a room with views. With SeenBy::players those of these ids that have seats now, by their seats.
struct ShowRequest {
    std::string room_id;
    EntityId entity = 0;
    SeenBy by = SeenBy::everyone;
    std::vector<std::string> player_ids;
};

struct PlayerUpdateRequest {
    std::string room_id;
    std::string player_id;
    std::optional<std::uint32_t> team;
    // From where it sees: nothing was said, or nothing inside: from its own entities again.
    std::optional<std::optional<Point>> looks_from;
};

// A room's state, or a part of it: entities above `after`, by id.
struct StateRequest {
    std::string room_id;
    std::optional<EntityId> after = std::nullopt;  // none: from the first, which is 0, the room's
    std::size_t limit = SIZE_MAX;
};

// Its state at one tick. `bytes`: the component's struct with its padding; opaque: the value.
struct ComponentValue {
    ComponentIndex component = 0;
    std::vector<std::byte> bytes;
};
struct EntityValue {
    EntityId entity = 0;
    std::vector<ComponentValue> components;  // by index
};
struct RoomState {
    LayoutPointer layout;
    std::uint32_t term = 0;
    Tick tick = 0;
    std::uint64_t total = 0;  // entities in the room
    std::vector<EntityValue> entities;  // by id
};

// Where the entities are that have a position: of more than `limit` every n-th.
struct PlacesRequest {
    std::string room_id;
    std::size_t limit = 0;
};
struct Place {
    EntityId entity = 0;
    PlayerNumber owner = 0;        // 0: nobody's
    ComponentIndex component = 0;  // that holds the position
    Point at{};
};
struct RoomPlaces {
    LayoutPointer layout;
    Tick tick = 0;
    std::uint64_t total = 0;
    std::vector<Place> places;
};

struct KickRequest {
    std::string room_id;
    std::string player_id;
    std::string reason;
    std::uint32_t ban_s = 0;  // 0: may come back at once
};

// Of a player, in one room or, without room_id, in all; or, without player_id, of an address or range.
struct BanRequest {
    std::string player_id;
    std::string room_id;
    Cidr address;
    std::int64_t for_ns = 0;
    std::string reason;
};
struct Banned {
    std::uint64_t kicked = 0;  // players who were here
    std::optional<bool> kept = std::nullopt;  // on the disk; false: not yet, it is tried again. Nothing where there is no data_dir
};
struct Unbanned {
    std::optional<bool> kept = std::nullopt;  // as above
};
struct BanEntry {
    std::string player_id;
    std::string room_id;
    Cidr address;
    double ends_in_s = 0;
    std::string reason;
};

struct SimulateRequest {
    std::string room_id;
    std::string player_id;
    Conditions conditions;  // none: no longer
};

struct TicketRequest {
    std::string room_id;
    std::string player_id;
    wire::Role role{};
    std::uint32_t ttl_s = 60;
    std::uint32_t seat = 0;  // a player number: to take over that seat alone. 0: any
    bool single_use = true;
};
struct TicketIssued {
    std::string ticket;
    std::string url;
};

struct ResultRequest {
    std::string room_id;
    std::string data;  // JSON text
};

// Of the whole fleet, from after a number of its journal on.
struct FleetEvents {
    std::shared_ptr<EventFeed> feed;
    std::uint64_t last = 0;  // the journal's last number now
};

class Controls {
  public:
    virtual ~Controls() = default;

    // In a fleet: a call (a JSON-RPC request in one line) about this room, or room.spawn with or without an id, that another node is to
    // answer: its answer, a line, too. Nothing: it is for this node.
    virtual std::optional<std::string> forward(const std::string& method, const std::string& room_id, const std::string& line, Deadline deadline) {
        (void)method, (void)room_id, (void)line, (void)deadline;
        return std::nullopt;
    }

    // ... and one that every node is to answer: what the others say. Nothing: there is no fleet.
    virtual std::optional<std::vector<NodeAnswer>> ask_others(const std::string& line, Deadline deadline) {
        (void)line, (void)deadline;
        return std::nullopt;
    }

    // At once, from memory.
    virtual RelayInfo info() = 0;
    virtual std::vector<NodeInfo> nodes() { return {}; }  // a relay alone: none
    // after: none: from now on.
    virtual Answer<FleetEvents> fleet_events(std::optional<std::uint64_t> after, Deadline deadline) {
        (void)after, (void)deadline;
        return Refused{std::string(reason_not_available), "this relay is not one of a fleet: start it with --nats, or leave out fleet"};
    }
    virtual std::shared_ptr<const RoomTypes> types() = 0;  // as configured now; never null
    // Why new players should go elsewhere (draining, out of headroom), or empty where they are welcome.
    virtual std::string unready() = 0;
    virtual std::string trace_of(const std::string& room_id) = 0;  // empty: there is no such room

    // The answer is the number of rooms that are still here.
    virtual Answer<std::uint64_t> drain(std::optional<double> deadline_s, Deadline deadline) = 0;
    virtual Answer<Done> undrain(Deadline deadline) = 0;

    // In any order; rooms.h cuts pages.
    virtual Answer<std::vector<RoomEntry>> rooms(Deadline deadline) = 0;
    virtual Answer<Spawned> spawn(SpawnRequest request, Deadline deadline) = 0;
    virtual Answer<Done> update(UpdateRequest request, Deadline deadline) = 0;
    virtual Answer<RoomInfo> room(std::string room_id, Deadline deadline) = 0;
    virtual Answer<Done> close(std::string room_id, std::string reason, Deadline deadline) = 0;
    virtual Answer<Done> broadcast(BroadcastRequest request, Deadline deadline) = 0;
    virtual Answer<LayoutPointer> layout(std::string room_id, Deadline deadline) = 0;
    virtual Answer<SetDone> set(SetRequest request, Deadline deadline) = 0;
    virtual Answer<Done> show(ShowRequest request, Deadline deadline) = 0;
    virtual Answer<Done> update_player(PlayerUpdateRequest request, Deadline deadline) = 0;
    virtual Answer<RoomState> state(StateRequest request, Deadline deadline) = 0;
    virtual Answer<RoomPlaces> places(PlacesRequest request, Deadline deadline) = 0;
    virtual Answer<Done> kick(KickRequest request, Deadline deadline) = 0;
    virtual Answer<Banned> ban(BanRequest request, Deadline deadline) = 0;
    virtual std::vector<BanEntry> bans(std::size_t skip, std::size_t count) = 0;  // at most so many, after so many
    virtual Answer<Unbanned> unban(BanRequest request, Deadline deadline) = 0;
    virtual Answer<Done> simulate(SimulateRequest request, Deadline deadline) = 0;
    virtual Answer<TicketIssued> issue_ticket(TicketRequest request, Deadline deadline) = 0;
    virtual Answer<Done> result(ResultRequest request, Deadline deadline) = 0;
};

}  // namespace tickrelay
