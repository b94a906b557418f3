#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "relay/core/checkpoint.h"
#include "relay/core/checkpoint_settings.h"
#include "schema/checkpoint_generated.h"

namespace tickrelay {

namespace {

using Builder = flatbuffers::FlatBufferBuilder;

template <typename Bytes>
flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> put_bytes(Builder& builder, const Bytes& bytes) {
    return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

flatbuffers::Offset<stored::Log> put_log(Builder& builder, const EventLog& log) {
    std::vector<flatbuffers::Offset<wire::Event>> events;
    events.reserve(log.size());
    for (EventNumber number = log.first(); events.size() < log.size(); number = log.continues_at(number) + 1) {
        const Event& event = log.at(number);
        const auto type = builder.CreateString(event.type);
        const auto data = put_bytes(builder, event.data);
        events.push_back(wire::CreateEvent(builder, event.kind, event.player, type, data, event.request, event.seq, event.skip_sender));
    }
    return stored::CreateLog(builder, log.last(), log.gap() == 0 ? 0 : log.gap_after(), log.gap(), builder.CreateVector(events));
}

stored::Ids ids_of(const IdBlock& block) { return {block.first, block.count}; }

flatbuffers::Offset<stored::Seat> put_seat(Builder& builder, const Seat& seat) {
    const auto player_id = builder.CreateString(seat.player_id);
    const auto session = builder.CreateString(seat.session);
    const auto options = builder.CreateString(seat.options);
    const auto direct = put_log(builder, seat.direct);
    const stored::Ids old_block = ids_of(seat.old_block), block = ids_of(seat.block), next_block = ids_of(seat.next_block);
    const stored::Point from = seat.looks_from ? stored::Point((*seat.looks_from)[0], (*seat.looks_from)[1], (*seat.looks_from)[2]) : stored::Point();
    return stored::CreateSeat(builder, seat.number, player_id, seat.role, session, options, seat.entity, seat.prompt_acks,
                              seat.applied_seq, direct, &old_block, &block, &next_block, seat.last_spawned, seat.ids_known,
                              seat.team, seat.looks_from ? &from : nullptr, seat.roster_entity, seat.leap_end, seat.leap);
}

auto put_visibilities(Builder& builder, const Visibilities& from) {
    std::vector<flatbuffers::Offset<stored::Visibility>> all;
    for (const auto& [entity, visibility] : from.all())
        all.push_back(stored::CreateVisibilityDirect(builder, entity, static_cast<stored::SeenBy>(visibility.by), &visibility.players));
    return builder.CreateVector(all);
}

class Mark {
  public:
    void add(std::uint64_t number) {
        value_ = (value_ ^ number) * 0x9E3779B97F4A7C15ULL;
        value_ ^= value_ >> 32;
    }
    void add_bytes(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) add(static_cast<std::uint64_t>(byte));
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 1;
};

void add_seat(Mark& mark, const Seat& seat) {
    for (const std::uint64_t number : {seat.number, seat.applied_seq, seat.direct.last(), seat.team, seat.last_spawned, seat.old_block.first,
                                       seat.block.first, seat.next_block.first, std::uint32_t{seat.ids_known}, std::uint32_t{seat.looks_from.has_value()}})
        mark.add(number);
    mark.add(std::hash<std::string>{}(seat.session));
    if (seat.looks_from)
        for (const float x : *seat.looks_from) mark.add(std::bit_cast<std::uint32_t>(x));
}

// Of one entity's; their sum, since they are in no order.
std::uint64_t mark_of(EntityId entity, const Visibility& visibility) {
    Mark mark;
    mark.add(entity);
    mark.add(static_cast<std::uint64_t>(visibility.by));
    for (const PlayerNumber player : visibility.players) mark.add(player);
    return mark.value();
}

auto put_lost_numbers(Builder& builder, const std::vector<LostNumbers>& from) {
    std::vector<stored::LostNumbers> all;
    for (const LostNumbers& lost : from) all.emplace_back(lost.first, lost.end, lost.until, lost.direct);
    return builder.CreateVectorOfStructs(all);
}

auto put_spent_tickets(Builder& builder, const SpentTickets& from) {
    std::vector<stored::SpentTicket> all;
    for (const auto& [id, until_s] : from.all()) {
        std::array<std::uint64_t, 2> halves;
        std::memcpy(halves.data(), id.data(), sizeof halves);
        all.emplace_back(halves[0], halves[1], until_s);
    }
    return builder.CreateVectorOfStructs(all);
}

}  // namespace

// Values, the roster and most of the room's settings are in the world: each change of those has a stamp.
std::uint64_t CheckpointWriter::mark(const Room& room) {
    Mark mark;
    for (const std::uint64_t number : {room.term_, room.world_.newest(), room.events_.last(), room.next_number_, room.next_block_, room.last_own_id_})
        mark.add(number);
    mark.add(room.spent_tickets_.all().size());
    mark.add(room.settings_.max_players);
    mark.add(room.settings_.is_private ? 1 : 0);
    mark.add(room.keep_.size());
    for (const auto& seat : room.seats_) add_seat(mark, *seat);
    std::uint64_t seen = 0;
    for (const auto& [entity, visibility] : room.visibilities_.all()) seen += mark_of(entity, visibility);
    mark.add(seen);
    return mark.value();
}

std::uint64_t CheckpointWriter::logic_mark(const Room& room) {
    Mark mark;
    if (room.logic_) mark.add_bytes(room.logic_->save(room));
    return mark.value();
}

CheckpointWriter::Bytes CheckpointWriter::write(const Room& room) {
    const std::vector<std::byte> logic = room.logic_ ? room.logic_->save(room) : std::vector<std::byte>();
    if (logic.size() > limits::logic_bytes_max) throw std::length_error("a logic saves more than 256 KiB");
    const Tick newest = room.world_.newest();
    const auto frame = encoder_.frame(room.world_, room.events_, {.base = 0, .tick = newest, .kind = wire::FrameKind::Whole});

    builder_.Clear();
    const auto settings = put_settings(builder_, room.settings_);
    const auto layout = encode_layout(builder_, room.world_.layout());
    std::vector<stored::TermStart> starts;
    for (const TermStart& start : room.term_starts_) starts.emplace_back(start.term, start.tick);
    const auto term_starts = builder_.CreateVectorOfStructs(starts);
    const auto world = put_bytes(builder_, frame);
    const auto events = put_log(builder_, room.events_);
    std::vector<flatbuffers::Offset<stored::Seat>> seat_offsets;
    for (const auto& seat : room.seats_) seat_offsets.push_back(put_seat(builder_, *seat));
    const auto seats = builder_.CreateVector(seat_offsets);
    const auto keep = builder_.CreateVector(std::vector<EntityId>(room.keep_.begin(), room.keep_.end()));
    const auto logic_bytes = put_bytes(builder_, logic);
    const auto visibilities = put_visibilities(builder_, room.visibilities_);
    const auto lost_numbers = put_lost_numbers(builder_, room.lost_numbers_);
    const auto made_again = builder_.CreateVector(room.made_again_);
    const auto spent_tickets = put_spent_tickets(builder_, room.spent_tickets_);
    const stored::Ids own_block = ids_of(room.own_block_);
    builder_.Finish(stored::CreateCheckpoint(builder_, settings, layout, room.term_, room.tick_, newest, term_starts, world, events,
                                             seats, room.next_number_, room.next_block_, &own_block, room.last_own_id_, keep,
                                             room.empty_since_, logic_bytes, visibilities, lost_numbers, made_again,
                                             spent_tickets),
                    stored::CheckpointIdentifier());
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
}

}  // namespace tickrelay
