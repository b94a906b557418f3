// A room: its world, its seats, its events, its logic. No clock, no thread, no socket.
// Owner: one worker. Time is the tick number: writes between two ticks belong to the next one.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "relay/core/decode.h"
#include "relay/core/encode.h"
#include "relay/core/event.h"
#include "relay/core/frames.h"
#include "relay/core/logic.h"
#include "relay/core/seat.h"
#include "relay/core/settings.h"
#include "relay/core/spent.h"
#include "relay/core/views.h"
#include "relay/core/world.h"

namespace tickrelay {

// Hears what happens in rooms. Called on the worker; must not call back into the room.
class RoomObserver {
  public:
    virtual ~RoomObserver() = default;
    virtual void seat_taken(const Room& room, const Seat& seat) = 0;
    virtual void seat_dropped(const Room& room, const Seat& seat) = 0;
    virtual void seat_resumed(const Room& room, const Seat& seat) = 0;
    // Before the seat goes. Its connection, where it has one, is to be closed with this code.
    virtual void seat_ended(const Room& room, const Seat& seat, CloseCode code, std::string_view reason) = 0;
    // What its network is to be like has changed.
    virtual void seat_simulated(const Room& room, const Seat& seat) { (void)room, (void)seat; }
    // An action of this seat was not done; it hears of that in a Failure.
    virtual void action_refused(const Room& room, const Seat& seat, Refusal refusal) { (void)room, (void)seat, (void)refusal; }
    // A message to all, from a player (0: from the logic or the match server).
    virtual void message(const Room& room, PlayerNumber from, const Event& event) = 0;
};

struct SavedRoom;

// Player numbers that a lost interval may have given out. Whoever shows a session token with one of them has its seat made again, once,
// for as long as a seat's grace lasts after the restore.
struct LostNumbers {
    PlayerNumber first = 0;
    PlayerNumber end = 0;
    Tick until = 0;
    EventNumber direct = 0;  // the highest of a direct message that they may have had
};

// How a restored room goes on.
struct Restore {
    std::uint32_t term = 0;        // REQUIRES: above the checkpoint's
    Tick tick = 0;                 // the checkpoint's, plus the time that passed
    std::uint32_t lost_terms = 1;  // who ran the room on from this checkpoint; 0: nobody, a hand-over
    std::uint32_t lost_ticks = 0;  // at most so many, all of them together: by when the checkpoint was made, or their clocks
};

class Room {
  public:
    Room(RoomSettings settings, std::unique_ptr<Logic> logic, std::uint32_t term, RoomObserver& observer);
    // From a checkpoint: nobody is connected, grace begins. Then the logic is to get its bytes.
    Room(SavedRoom&& state, const Restore& how, std::unique_ptr<Logic> logic, RoomObserver& observer);

    [[nodiscard]] const RoomSettings& settings() const { return settings_; }
    [[nodiscard]] const World& world() const { return world_; }
    [[nodiscard]] const EventLog& events() const { return events_; }
    [[nodiscard]] Frames& frames() { return frames_; }
    [[nodiscard]] const Frames& frames() const { return frames_; }
    [[nodiscard]] PackedStream* packed() { return packed_.get(); }  // null in codec plain, and where there are views
    [[nodiscard]] Views* views() { return views_.get(); }           // null in a room that everyone sees whole
    [[nodiscard]] const Views* views() const { return views_.get(); }
    void look_around();  // at a send tick, before any player is looked at
    [[nodiscard]] std::uint32_t term() const { return term_; }
    [[nodiscard]] std::span<const TermStart> term_starts() const { return term_starts_; }
    [[nodiscard]] Tick tick() const { return tick_; }
    [[nodiscard]] std::span<const std::unique_ptr<Seat>> seats() const { return seats_; }
    [[nodiscard]] std::uint32_t ticks_of_ms(std::uint64_t ms) const;  // at least 1

    void restore_logic(std::span<const std::byte> saved);

    // ---- seats

    struct SeatRequest {
        PlayerNumber number = 0;  // 0: the next. Else REQUIRES: may_make_again
        std::string player_id;  // made from the number where empty
        wire::Role role = wire::Role::Player;
        std::string session;
        std::string options = "{}";
        bool prompt_acks = false;
    };
    // The caller has made sure that there is room. 0: the room's ids are used up. The logic may have ended the seat already.
    PlayerNumber take_seat(SeatRequest request, LinkId link);
    [[nodiscard]] Seat* find(PlayerNumber number);
    [[nodiscard]] Seat* find_player(std::string_view player_id);
    [[nodiscard]] Seat* find_session(PlayerNumber number, std::string_view session);
    // Whether a seat of this number, of a token from that term, was lost in a crash: it is none that has ended.
    [[nodiscard]] bool may_make_again(PlayerNumber number, std::uint32_t term) const;
    [[nodiscard]] SpentTickets& spent_tickets() { return spent_tickets_; }
    void connect(Seat& seat, LinkId link);  // a resume
    void disconnect(Seat& seat);            // grace begins
    void end_seat(PlayerNumber number, CloseCode code, std::string_view reason);
    void end_all(CloseCode code, std::string_view reason);

    // ---- what players do

    // Applies one action, or refuses it alone (a Failure follows to its player).
    void apply(Seat& seat, const Action& action);
    // Direct messages up to this number have come. An authority that has inputs answers them with what it writes next.
    void acknowledge(Seat& seat, EventNumber direct);
    // What a client says it has may be of a lost timeline: then 0 (rule 10).
    [[nodiscard]] Tick effective(Base have) const;
    // Its client is another one, which knows nothing of the ids that were used.
    void renew_ids(Seat& seat);

    // ---- time

    // REQUIRES: now > tick(). Runs the logic, ends what expired.
    void advance(Tick now);
    // Nobody could come in so many of the ticks that the next advance() goes on by: they count for no grace, and not for empty_ttl.
    void forgive(std::uint32_t ticks);
    // Nobody is left and nobody came for empty_ttl.
    [[nodiscard]] bool expired() const;

    // ---- a mirror (settings().mirror): its logic writes what it follows as it is, and nobody's seat is in its state

    [[nodiscard]] World& mirrored();
    void mirror(Event event) { events_.push(std::move(event)); }
    void mirror_gap(EventNumber last) { events_.skip_to(last); }  // messages up to this number did not come

    // ---- what logic and match server may do

    Refusal spawn(PlayerNumber owner, ComponentIndex component, std::span<const std::byte> value, bool keep, EntityId& id);
    // Struct components: packed masked fields, quantised here. Opaque: the value. Adds what the entity lacks.
    Refusal write(EntityId entity, ComponentIndex component, std::uint64_t mask, std::span<const std::byte> data);
    Refusal despawn(EntityId entity);
    // Who sees it, from the next frame on. Not in rooms without views, nor of the room's own entity and roster entries: not_allowed.
    Refusal show(EntityId entity, Visibility to);
    bool set_team(PlayerNumber number, std::uint32_t team);  // false: no such player
    // From where a player sees instead of from its own entities: a camera, who waits to spawn.
    bool look_from(PlayerNumber number, std::optional<Point> at);
    // A bad network for a player, on top of its own, through reconnects; Conditions{}: no longer. False: no such player.
    bool simulate(PlayerNumber number, const Conditions& conditions);
    [[nodiscard]] const Visibilities& visibilities() const { return visibilities_; }
    // False: limits::events_per_tick_max. The same for direct messages to one seat, where there is no such player, too.
    bool broadcast(std::string_view type, std::span<const std::byte> data, PlayerNumber from = 0, bool skip_sender = false);
    bool send(PlayerNumber to, std::string_view type, std::span<const std::byte> data, PlayerNumber from = 0);
    bool answer(PlayerNumber to, std::uint32_t request, std::span<const std::byte> data, PlayerNumber from = 0);
    void kick(PlayerNumber number, std::string_view reason, CloseCode code = CloseCode::kicked);
    void update(const std::string* metadata, const bool* is_private, const bool* locked, const std::uint32_t* max_players);
    void close(CloseCode code = CloseCode::room_closed) { closing_ = true, closes_with_ = code; }  // ends after the call
    [[nodiscard]] CloseCode closes_with() const { return closes_with_; }
    [[nodiscard]] bool closing() const { return closing_; }
    // What the logic threw while a seat was kicked: the room is to end.
    [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }
    void forget_logic() { logic_.reset(); }  // it failed

    // The room as it was at the end of that tick: what a player saw when it acted, for a logic that judges by it. A client's
    // render time × tick rate is the tick that it saw. Nothing: the tick is to come, or is older than rewind_floor(). A logic that would
    // rather judge by the oldest there is says rewind(std::max(tick, rewind_floor())).
    // Needs the setting `rewind_ms`: without it, and right after a restore, only the present is known.
    [[nodiscard]] std::optional<Rewound> rewind(Tick tick) const;
    [[nodiscard]] Tick rewind_floor() const { return world_.past() == nullptr ? tick_ : std::min(world_.past()->floor(), tick_); }

    [[nodiscard]] std::uint64_t values_clamped() const { return values_clamped_; }

    // Below the limits, so that a simulator reaches the ends of the rings.
    void bound_history(std::size_t tombstones_max, std::size_t events_max) {
        world_.set_tombstones_max(tombstones_max);
        events_.set_count_max(events_max);
    }

  private:
    friend class CheckpointWriter;

    void make_stream();
    void keep_past();
    // Writes between ticks belong to the next.
    [[nodiscard]] Tick stamp() const;
    void write_seat(const Seat& seat);
    void forget_seat(const Seat& seat, std::string_view reason);
    void write_roster(const Seat& seat);
    void write_room();
    EntityId next_own_id();
    [[nodiscard]] std::string made_player_id(PlayerNumber number);
    bool grant_block(IdBlock& block);
    bool grant_first_block(IdBlock& block);
    bool spend_block();
    [[nodiscard]] bool waits_for_authority(const Seat& from) const;
    [[nodiscard]] bool may_keep(const Seat& seat, std::uint64_t nobodys) const;
    bool use_id(Seat& seat, EntityId id);
    void grant_due(Seat& seat);
    static bool spawns(wire::Role role) { return role != wire::Role::Spectator; }
    static bool push_direct(Seat& seat, Event event);
    [[nodiscard]] const LostNumbers* lost(PlayerNumber number) const;
    void restore_numbers(const Restore& how);
    void restore_seat(Seat& seat, bool lost);
    void end_at(std::size_t index, CloseCode code, std::string_view reason);
    void refuse(Seat& seat, const Action& action, Refusal refusal);
    void answer_inputs();

    Refusal apply_kind(Seat& seat, const Action& action);
    Refusal apply_set(const Seat& seat, const Action& action);
    Refusal apply_spawn(Seat& seat, const Action& action);
    Refusal apply_despawn(const Seat& seat, const Action& action);
    Refusal apply_claim(Seat& seat, const Action& action);
    Refusal apply_input(Seat& seat, const Action& action);
    Refusal apply_message(Seat& seat, const Action& action);
    Refusal apply_answer(Seat& seat, const Action& action);
    [[nodiscard]] Refusal may_write(const Seat& seat, EntityId entity) const;
    [[nodiscard]] bool is_seats(EntityId entity) const;
    [[nodiscard]] bool owns_too_many(const Seat& seat) const;
    bool pay_for_message(Seat& seat) const;
    void note_owned(PlayerNumber owner, bool more);
    [[nodiscard]] Refusal check_value(ComponentIndex component, std::uint64_t mask, std::span<const std::byte> data) const;
    Refusal deliver_to_authority(const Seat& from, const Action& action, EventKind kind);
    [[nodiscard]] bool logic_takes() const { return logic_ && logic_->takes_messages(); }

    RoomSettings settings_;
    World world_;
    EventLog events_{limits::events_max, limits::event_bytes_max};
    Frames frames_;
    std::unique_ptr<PackedStream> packed_;
    std::unique_ptr<Views> views_;
    Visibilities visibilities_;
    std::unique_ptr<Logic> logic_;
    RoomObserver& observer_;
    std::uint32_t term_;
    std::vector<TermStart> term_starts_;  // of the terms it came through, this one last; a new room's is 0
    Tick tick_ = 0;
    Tick jumped_ = 0;  // by a restore: for the next on_tick
    bool advancing_ = false;
    bool closing_ = false;
    CloseCode closes_with_ = CloseCode::room_closed;
    std::optional<std::string> failure_;
    std::vector<std::unique_ptr<Seat>> seats_;  // by number
    PlayerNumber next_number_ = 1;
    std::vector<LostNumbers> lost_numbers_;  // one for each restore that is not long ago
    std::vector<PlayerNumber> made_again_;   // of them
    SpentTickets spent_tickets_;
    std::uint32_t next_block_ = 0;  // of limits::ids_per_block
    IdBlock own_block_;             // seats' entities and those of the logic
    EntityId last_own_id_ = 0;
    std::vector<IdBlock> unused_blocks_;  // of seats that ended without a spawn
    Tick answered_at_ = 0;                // an authority's first write of a tick was then
    std::uint32_t events_this_tick_ = 0;
    std::uint32_t blocks_left_ = limits::blocks_burst_max;  // fills up with time
    std::unordered_set<EntityId> keep_;
    Tick empty_since_ = 0;
    std::uint64_t values_clamped_ = 0;
    flatbuffers::FlatBufferBuilder builder_{256};
};

}  // namespace tickrelay
