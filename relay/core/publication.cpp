#include "relay/core/publication.h"

#include <algorithm>
#include <cstring>

#include "relay/core/checkpoint_layout.h"
#include "relay/core/checkpoint_settings.h"
#include "relay/core/checkpoint_world.h"
#include "schema/checkpoint_generated.h"

namespace tickrelay {

namespace {

constexpr const char* publication_identifier = "TRP1";
constexpr std::size_t publication_tables_max = 10'000;  // settings, a layout, a frame with all messages that a room holds
constexpr Tick published_span_max = 0xFFFF;                       // of a frame

}  // namespace

std::uint16_t published_rate(const RoomSettings& settings) {
    auto rate = std::clamp<std::uint16_t>(settings.spectator_rate, 1, settings.send_rate);
    while (settings.send_rate % rate != 0) --rate;
    return rate;
}

bool Publisher::is_current(const Room& room) const { return at_ != 0 && room.world().newest() <= at_ && room.events().last() == event_; }

// Whom everyone may see now: who is new among them comes whole, who is not any more goes.
void Publisher::look(const Room& room, Tick now) {
    std::vector<Member> members;
    for (const EntityId id : room.world().entities().ids()) {
        const Visibility* visibility = room.visibilities().of(id);
        if (visibility == nullptr || visibility->by == SeenBy::everyone) members.push_back({id, now});
    }
    std::ranges::sort(members, {}, &Member::id);
    left_.clear();
    auto before = members_.begin();
    for (Member& member : members) {
        for (; before != members_.end() && before->id < member.id; ++before) left_.push_back({before->id, now});
        if (before != members_.end() && before->id == member.id) member.entered = (before++)->entered;
    }
    for (; before != members_.end(); ++before) left_.push_back({before->id, now});
    members_ = std::move(members);
}

Publisher::Bytes Publisher::make(const Room& room, Encoder& encoder, bool whole, std::uint64_t unix_us) {
    const Tick now = room.tick();
    whole |= at_ == 0 || now - at_ > published_span_max;
    const EventLog& events = room.events();
    const EventNumber after = events.continues_at(whole ? events.first() - 1 : event_);
    FrameInfo info{.base = whole ? 0 : at_, .tick = now, .kind = whole ? wire::FrameKind::Whole : wire::FrameKind::CatchUp};
    if (events.last() > after) {
        info.event_first = after + 1;
        info.event_last = events.run_end(info.event_first, limits::event_bytes_max);
    }
    if (room.views() != nullptr) look(room, now);
    const Extent extent = room.views() == nullptr ? Extent(room.world()) : Extent(room.world(), members_, left_);
    const auto frame = encoder.frame(extent, events, info);
    at_ = now;
    event_ = std::max(after, info.event_last);

    builder_.Clear();
    const auto settings = whole ? put_settings(builder_, room.settings()) : 0;
    const auto layout = whole ? encode_layout(builder_, room.world().layout()) : 0;
    const auto bytes = builder_.CreateVector(reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size());
    builder_.Finish(stored::CreatePublication(builder_, room.term(), unix_us, 0, settings, layout, bytes, events.last()), publication_identifier);
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
}

Publisher::Bytes Publisher::make_end(CloseCode code, std::uint32_t term, std::uint64_t unix_us) {
    builder_.Clear();
    builder_.Finish(stored::CreatePublication(builder_, term, unix_us, static_cast<std::uint16_t>(code)), publication_identifier);
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
}

std::variant<Publication, std::string> read_publication(std::span<const std::byte> bytes) {
    Publication read;
    read.bytes.resize((bytes.size() + 7) / 8);
    if (!bytes.empty()) std::memcpy(read.bytes.data(), bytes.data(), bytes.size());
    const auto* data = reinterpret_cast<const std::uint8_t*>(read.bytes.data());
    flatbuffers::Verifier verifier(data, bytes.size(), 16, publication_tables_max);
    if (!verifier.VerifyBuffer<stored::Publication>(publication_identifier)) return "is no publication";
    const auto& from = *flatbuffers::GetRoot<stored::Publication>(data);
    read.term = from.term();
    read.unix_us = from.unix_us();
    if (from.ended() != 0) {
        read.ended = static_cast<CloseCode>(from.ended());
        return read;
    }
    read.newest = from.newest();
    if (from.frame() == nullptr) return "has no frame";
    // A buffer within the buffer, where nothing aligned it: it gets a place of its own.
    std::vector<std::uint64_t> frame((from.frame()->size() + 7) / 8);
    if (from.frame()->size() != 0) std::memcpy(frame.data(), from.frame()->data(), from.frame()->size());
    const auto* frame_data = reinterpret_cast<const std::uint8_t*>(frame.data());
    flatbuffers::Verifier frame_verifier(frame_data, from.frame()->size(), 16, publication_tables_max);
    if (!frame_verifier.VerifyBuffer<wire::StateFrame>("TRF1")) return "has no state frame";
    read.frame = flatbuffers::GetRoot<wire::StateFrame>(frame_data);
    read.tick = read.frame->head()->tick();
    const std::uint32_t span = read.frame->head()->span();
    const std::size_t events = read.frame->events() == nullptr ? 0 : read.frame->events()->size();
    if ((events == 0 && read.frame->event_first() != 0) || read.newest > (1U << 31) || (events != 0 && (read.frame->event_first() == 0 || read.frame->event_first() > read.newest || events > read.newest - read.frame->event_first() + 1)))
        return "has messages above its newest";
    if (read.tick == 0 || read.tick > (1U << 31) || span >= read.tick) return "is of no tick";
    read.base = span == 0 ? 0 : read.tick - span;
    if (read.base == 0) {
        if (from.settings() == nullptr || from.layout() == nullptr) return "lacks the room's settings";
        read.settings.emplace();
        if (std::string wrong = read_settings(*from.settings(), *read.settings); !wrong.empty()) return "settings: " + wrong;
        auto layout = decode_layout(*from.layout());
        if (const auto* wrong = std::get_if<std::string>(&layout)) return "layout: " + *wrong;
        read.settings->layout = std::get<LayoutPointer>(std::move(layout));
    }
    read.bytes = std::move(frame);
    return read;
}

Event event_of(const wire::Event& from) {
    const auto* data = from.data();
    const auto bytes = data == nullptr ? std::span<const std::byte>() : std::as_bytes(std::span(data->data(), data->size()));
    return {.kind = from.kind(),
            .player = from.player(),
            .type = from.type() == nullptr ? "" : from.type()->str(),
            .data = {bytes.begin(), bytes.end()},
            .request = 0,
            .seq = 0,
            .skip_sender = from.skip_sender()};
}

}  // namespace tickrelay
