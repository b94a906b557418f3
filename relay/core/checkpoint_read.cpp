// Foreign bytes: the verifier vouches for offsets inside the buffer, for nothing that they mean. What a room would CHECK later is
// refused here.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "relay/core/checkpoint.h"
#include "relay/core/checkpoint_layout.h"
#include "relay/core/checkpoint_settings.h"
#include "relay/core/checkpoint_world.h"
#include "relay/core/utf8.h"
#include "schema/checkpoint_generated.h"

namespace tickrelay {

namespace {

using Error = std::string;  // empty where all is well

constexpr std::uint32_t number_max = 1U << 31;  // half of what there is: nothing wraps when it is raised
constexpr std::uint32_t blocks_max = 0xFFFFFFFFU / limits::ids_per_block;
constexpr std::size_t tables_max = 2'000'000;  // each seat with a full ring
static_assert(limits::players_max * (limits::direct_max + 2) + limits::events_max < tables_max);

bool is_text(const flatbuffers::String* text, std::size_t bytes_max) {
    return text->size() <= bytes_max && is_utf8(text->string_view());
}

std::vector<std::byte> bytes_of(const flatbuffers::Vector<std::uint8_t>* from) {
    if (from == nullptr) return {};
    const auto bytes = std::as_bytes(std::span(from->data(), from->size()));
    return {bytes.begin(), bytes.end()};
}

Error read_log(const stored::Log& from, std::size_t events_max, EventLog& log) {
    const std::size_t held = from.events() == nullptr ? 0 : from.events()->size();
    if (from.last() > number_max) return "its numbers are used up";
    if (held > events_max || held > from.last() || from.gap() > from.last() - held) return "holds more than it had";
    const auto first = static_cast<EventNumber>(from.last() - from.gap() - held + 1);
    const bool gap_inside = from.gap_after() >= first && from.gap_after() - first < held;
    if (from.gap() != 0 && !gap_inside) return "has its gap elsewhere";
    log.begin_at(first);
    for (flatbuffers::uoffset_t i = 0; i < held; ++i) {
        const wire::Event& event = *from.events()->Get(i);
        if (static_cast<std::uint8_t>(event.kind()) > static_cast<std::uint8_t>(EventKind::Input)) return "has an event of no known kind";
        const EventNumber number = log.push({.kind = event.kind(),
                                             .player = event.player(),
                                             .type = event.type() == nullptr ? "" : event.type()->str(),
                                             .data = bytes_of(event.data()),
                                             .request = event.request(),
                                             .seq = event.seq(),
                                             .skip_sender = event.skip_sender()});
        if (from.gap() != 0 && number == from.gap_after()) log.skip_to(number + from.gap());
    }
    return log.size() == held ? "" : "holds more bytes than fit";
}

class Reader {
  public:
    Reader(const stored::Checkpoint& from, SavedRoom& state) : from_(from), state_(state) {}

    Error read() {
        for (const auto step : {&Reader::read_head, &Reader::read_world, &Reader::read_events, &Reader::read_ids, &Reader::read_seats,
                                &Reader::check_ids, &Reader::read_visibilities, &Reader::read_lost_numbers, &Reader::read_spent_tickets})
            if (Error wrong = (this->*step)(); !wrong.empty()) return wrong;
        if (from_.logic() != nullptr && from_.logic()->size() > limits::logic_bytes_max) return "logic: has more than 256 KiB";
        state_.logic = bytes_of(from_.logic());
        return "";
    }

  private:
    Error read_head();
    Error read_world();
    Error read_events();
    Error read_ids();
    Error read_seats();
    Error read_seat(const stored::Seat& from, Seat& seat);
    Error check_ids();
    Error read_visibilities();
    Error read_lost_numbers();
    Error read_spent_tickets();
    Error take_block(const stored::Ids& from, EntityId used, IdBlock& block);

    const stored::Checkpoint& from_;
    SavedRoom& state_;
    std::unordered_map<std::uint32_t, EntityId> blocks_;  // that will be used on → the highest id used
    std::unordered_set<EntityId> seated_;
    std::unordered_set<std::string_view> named_;
};

Error Reader::read_head() {
    if (from_.term() == 0 || from_.term() == ~0U) return "term: is none";
    if (from_.tick() > number_max) return "tick: is out of range";
    if (from_.newest() == 0 || from_.newest() > from_.tick() + 1) return "newest: is out of range";
    state_.term = from_.term();
    state_.tick = from_.tick();
    state_.newest = from_.newest();
    state_.empty_since = std::min(from_.empty_since(), from_.tick());
    const auto& starts = *from_.term_starts();
    if (starts.size() == 0 || starts.size() > limits::term_starts_max) return "term_starts: are too many, or none";
    for (const stored::TermStart* start : starts) {
        if (start->tick() > from_.tick()) return "term_starts: one is in the future";
        if (!state_.term_starts.empty() && state_.term_starts.back().term >= start->term()) return "term_starts: are out of order";
        state_.term_starts.push_back({start->term(), start->tick()});
    }
    return state_.term_starts.back().term == state_.term ? "" : "term_starts: end with another term";
}

Error Reader::read_world() {
    const auto frame = std::as_bytes(std::span(from_.world()->data(), from_.world()->size()));
    const Error wrong = decode_world(frame, state_.newest, state_.world);
    return wrong.empty() ? wrong : "world: " + wrong;
}

Error Reader::read_events() {
    const Error wrong = read_log(*from_.events(), limits::events_max, state_.events);
    return wrong.empty() ? wrong : "events: " + wrong;
}

Error Reader::read_ids() {
    if (from_.next_number() == 0 || from_.next_number() > number_max) return "next_number: is out of range";
    if (from_.next_block() > number_max) return "next_block: is out of range";
    state_.next_number = from_.next_number();
    state_.next_block = from_.next_block();
    state_.last_own_id = from_.last_own_id();
    for (flatbuffers::uoffset_t i = 0; from_.keep() != nullptr && i < from_.keep()->size(); ++i)
        if (state_.world.has(from_.keep()->Get(i))) state_.keep.insert(from_.keep()->Get(i));
    const Error wrong = take_block(*from_.own_block(), from_.last_own_id(), state_.own_block);
    return wrong.empty() ? wrong : "own_block: " + wrong;
}

// No id may come out of two blocks.
Error Reader::take_block(const stored::Ids& from, EntityId used, IdBlock& block) {
    block = {from.first(), from.count()};
    if (block.count == 0) return block.first == 0 ? "" : "starts nowhere";
    if (block.count != limits::ids_per_block || block.first % limits::ids_per_block != 0) return "is no block";
    const std::uint32_t index = block.first / limits::ids_per_block;
    if (index >= blocks_max || index >= state_.next_block) return "was never granted";
    return blocks_.emplace(index, used).second ? "" : "is another's, too";
}

Error Reader::read_seats() {
    const auto& seats = *from_.seats();
    if (seats.size() > limits::players_max) return "seats: are more than 4096";
    for (const stored::Seat* from : seats) {
        auto seat = std::make_unique<Seat>();
        seat->number = from->number();
        if (seat->number == 0 || seat->number >= state_.next_number || (!state_.seats.empty() && state_.seats.back()->number >= seat->number))
            return "seats: their numbers are out of order";
        if (const Error wrong = read_seat(*from, *seat); !wrong.empty()) return "seat " + std::to_string(seat->number) + ": " + wrong;
        state_.seats.push_back(std::move(seat));
    }
    return "";
}

Error Reader::read_seat(const stored::Seat& from, Seat& seat) {
    if (static_cast<std::uint8_t>(from.role()) > static_cast<std::uint8_t>(wire::Role::Authority)) return "its role is unknown";
    if (!is_text(from.player_id(), limits::name_bytes_max) || from.player_id()->size() == 0) return "its player_id is none";
    if (from.session()->size() > limits::name_bytes_max) return "its session is too long";
    if (!is_text(from.options(), limits::text_bytes_max)) return "its options are too long or no UTF-8";
    const bool apart = from.roster_entity() != 0;
    if (apart != state_.settings.views) return "its roster entry is not where the room has them";
    if (from.entity() == 0 || !state_.world.has(from.entity())) return "its entity is not there";
    if (!state_.world.has(apart ? from.roster_entity() : from.entity(), player_component)) return "its roster entry is not there";
    if (!seated_.insert(from.entity()).second || (apart && !seated_.insert(from.roster_entity()).second) ||
         !named_.insert(from.player_id()->string_view()).second) return "it is there twice";
    seat.player_id = from.player_id()->str();
    seat.take_role(from.role());
    seat.session = from.session()->str();
    seat.options = from.options()->str();
    seat.entity = from.entity();
    seat.roster_entity = from.roster_entity();
    seat.prompt_acks = from.prompt_acks();
    seat.applied_seq = from.applied_seq();
    seat.last_spawned = from.last_spawned();
    seat.ids_known = from.ids_known();
    seat.team = from.team();
    if (from.leap() > from.leap_end()) return "its leap is longer than its numbers";
    seat.leap_end = from.leap_end();
    seat.leap = from.leap();
    if (const stored::Point* at = from.looks_from()) {
        if (!std::isfinite(at->x()) || !std::isfinite(at->y()) || !std::isfinite(at->z())) return "it looks from nowhere";
        seat.looks_from = Point{at->x(), at->y(), at->z()};
    }
    const std::size_t direct_max = seat.role == wire::Role::Authority ? limits::authority_direct_max : limits::direct_max;
    if (const Error wrong = read_log(*from.direct(), direct_max, seat.direct); !wrong.empty()) return "direct " + wrong;
    for (const auto& [ids, block] : {std::pair(from.old_block(), &seat.old_block), std::pair(from.block(), &seat.block),
                                     std::pair(from.next_block(), &seat.next_block)})
        if (const Error wrong = take_block(*ids, seat.last_spawned, *block); !wrong.empty()) return "its block " + wrong;
    return "";
}

// What is still to be given out must not be there yet.
Error Reader::check_ids() {
    for (const EntityId id : state_.world.entities().ids()) {
        const auto block = blocks_.find(id / limits::ids_per_block);
        if (block != blocks_.end() && id > block->second) return "world: has entity " + std::to_string(id) + ", which is still to come";
        if (id / limits::ids_per_block >= state_.next_block) return "world: has entity " + std::to_string(id) + " above all blocks";
    }
    return "";
}

// The room's own entity and the roster everyone sees: nothing is kept of them.
Error Reader::read_visibilities() {
    for (flatbuffers::uoffset_t i = 0; from_.visibilities() != nullptr && i < from_.visibilities()->size(); ++i) {
        const stored::Visibility& from = *from_.visibilities()->Get(i);
        if (!state_.world.has(from.entity()) || from.entity() == 0 || state_.world.has(from.entity(), player_component))
            return "visibilities: of an entity that has none";
        if (static_cast<std::uint8_t>(from.by()) > static_cast<std::uint8_t>(SeenBy::players)) return "visibilities: by is unknown";
        Visibility visibility{.by = static_cast<SeenBy>(from.by()), .players = {}};
        if (from.players() != nullptr) {
            if (from.players()->size() > limits::audience_max) return "visibilities: name too many players";
            visibility.players.assign(from.players()->begin(), from.players()->end());
        }
        state_.visibilities.set(from.entity(), std::move(visibility));
    }
    return "";
}

Error Reader::read_lost_numbers() {
    for (flatbuffers::uoffset_t i = 0; from_.lost_numbers() != nullptr && i < from_.lost_numbers()->size(); ++i) {
        const stored::LostNumbers& lost = *from_.lost_numbers()->Get(i);
        const bool ordered = state_.lost_numbers.empty() || state_.lost_numbers.back().end <= lost.first();
        if (i >= limits::lost_terms_max || !ordered || lost.first() == 0 || lost.first() > lost.end() || lost.end() > state_.next_number ||
            lost.direct() > number_max)
            return "lost_numbers: are out of order, or were never given";
        state_.lost_numbers.push_back({lost.first(), lost.end(), lost.until(), lost.direct()});
    }
    if (from_.made_again() == nullptr) return "";
    if (from_.made_again()->size() > limits::players_max * limits::lost_terms_max) return "made_again: are too many";
    state_.made_again.assign(from_.made_again()->begin(), from_.made_again()->end());
    return "";
}

Error Reader::read_spent_tickets() {
    if (from_.spent_tickets() == nullptr) return "";
    if (from_.spent_tickets()->size() > limits::spent_tickets_max) return "spent_tickets: are too many";
    for (const stored::SpentTicket* spent : *from_.spent_tickets()) {
        const std::array<std::uint64_t, 2> halves = {spent->high(), spent->low()};
        TicketId id;
        std::memcpy(id.data(), halves.data(), id.size());
        state_.spent_tickets.put(id, spent->until_s());
    }
    return "";
}

}  // namespace

std::variant<SavedRoomPointer, std::string> read_checkpoint(std::span<const std::byte> bytes) {
    if (bytes.size() > limits::checkpoint_bytes_max) return "checkpoint: is larger than 1 GiB";
    std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(aligned.data()), bytes.size(), 16, tables_max);
    if (!stored::VerifyCheckpointBuffer(verifier)) return "checkpoint: is none (cut short, or of another program)";
    const stored::Checkpoint& from = *stored::GetCheckpoint(aligned.data());

    RoomSettings settings;
    if (const Error wrong = read_settings(*from.settings(), settings); !wrong.empty()) return "checkpoint: settings: " + wrong;
    auto layout = decode_layout(*from.layout());
    if (const auto* wrong = std::get_if<std::string>(&layout)) return "checkpoint: layout: " + *wrong;
    settings.layout = std::get<LayoutPointer>(std::move(layout));
    auto state = std::make_unique<SavedRoom>(std::move(settings));
    if (const Error wrong = Reader(from, *state).read(); !wrong.empty()) return "checkpoint: " + wrong;
    return state;
}

}  // namespace tickrelay
