#include "relay/core/encode.h"
#include "relay/core/check.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "relay/core/plant.h"

namespace tickrelay {

namespace {

const std::uint8_t* raw(const std::vector<std::byte>& bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

// Appends the masked fields of a struct value, packed.
std::byte* put_fields(std::byte* out, const Component& component, const std::byte* value, std::uint64_t mask) {
    if (component.unpadded && mask == component.all()) {
        std::memcpy(out, value, component.bytes);
        return out + component.bytes;
    }
    for (; mask != 0; mask &= mask - 1) {
        const Field& field = component.fields[static_cast<std::size_t>(std::countr_zero(mask))];
        std::memcpy(out, value + field.offset, field.width());
        out += field.width();
    }
    return out;
}

std::size_t wire_kind_span(const FrameInfo& info) { return info.base == 0 ? 0 : info.tick - info.base; }

}  // namespace

void Encoder::forget_half_made() {
    builder_ = flatbuffers::FlatBufferBuilder(4096);
    work_.forget_half_made();
    masks_.clear();
}

Encoder::Bytes Encoder::frame(const Extent& extent, const EventLog& events, const FrameInfo& info, PackedStream* packed, FrameBytes* count) {
    const std::size_t span = wire_kind_span(info);
    CHECK(span <= 0xFFFF && info.tick > info.base);
    builder_.Clear();
    removed_.clear();
    flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> payload;
    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::Column>>> columns;
    bool lists_alive = false;
    packed::BitShares* shares = count == nullptr ? nullptr : &count->begin();
    if (packed != nullptr) {
        const auto bytes = packed->encode(work_, extent, info, shares);
        if (!bytes.empty()) payload = builder_.CreateVector(bytes.data(), bytes.size());
    } else {
        columns = add_columns(extent, info, count);
        lists_alive = extent.lists_alive(info.base);
        extent.add_gone(info.base, lists_alive, removed_);
    }
    std::size_t before = builder_.GetSize();
    const auto removed = removed_.empty() && !lists_alive ? 0 : builder_.CreateVector(removed_);
    if (count != nullptr) count->removals(builder_.GetSize() - before);
    before = builder_.GetSize();
    const auto event_vector = info.event_first == 0 ? EventsOffset{} : add_events(events, info.event_first, info.event_last);
    if (count != nullptr) count->events(builder_.GetSize() - before);

    wire::FrameFlags flags{};
    if (info.key) flags |= wire::FrameFlags::KeyTick;
    if (lists_alive) flags |= wire::FrameFlags::ListsAlive;
    const wire::FrameHead head(info.tick, static_cast<std::uint16_t>(span), info.kind, flags);
    wire::StateFrameBuilder frame(builder_);
    frame.add_head(&head);
    if (!payload.IsNull()) frame.add_packed(payload);
    if (!columns.IsNull()) frame.add_columns(columns);
    if (!removed.IsNull()) lists_alive ? frame.add_alive(removed) : frame.add_removed(removed);
    if (info.event_first != 0) {
        frame.add_event_first(info.event_first);
        frame.add_events(event_vector);
    }
    builder_.Finish(frame.Finish(), "TRF1");
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
}

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::Column>>> Encoder::add_columns(const Extent& extent, const FrameInfo& info,
                                                                                                        FrameBytes* count) {
    columns_.clear();
    for (ComponentIndex i = 0; i < extent.world().layout().components().size(); ++i) {
        const Rows& rows = extent.rows(i);
        const std::size_t before = builder_.GetSize();
        masks_.clear();
        const bool opaque = rows.component().opaque();
        const std::size_t sent = opaque ? add_opaque_column(extent, i, info.base) : add_column(extent, i, info.base);
        if (count != nullptr && sent != 0)
            count->column(rows.component(), i, builder_.GetSize() - before, sent, masks_, info.kind == wire::FrameKind::Stream);
    }
    return columns_.empty() ? 0 : builder_.CreateVector(columns_);
}

std::size_t Encoder::add_column(const Extent& extent, ComponentIndex index, Tick base) {
    const Rows& rows = extent.rows(index);
    const Component& component = rows.component();
    const std::size_t mask_bytes = component.mask_bytes();
    const std::uint64_t all = component.all();
    ids_.clear();
    values_.resize(extent.rows_max(index) * component.bytes);  // the most there can be
    std::byte* out = values_.data();
    bool partial = false;
    extent.each_changed(index, base, [&](IdTable::Row row, std::uint64_t mask) {
        partial |= mask != all;
        ids_.push_back(rows.ids()[row]);
        for (std::size_t i = 0; i < mask_bytes; ++i) masks_.push_back(static_cast<std::uint8_t>(mask >> (8 * i)));
        out = put_fields(out, component, rows.value(row).data(), mask);
    });
    if (ids_.empty()) return 0;
    const auto ids = builder_.CreateVector(ids_);
    const auto masks = partial ? builder_.CreateVector(masks_) : 0;
    const auto values = builder_.CreateVector(raw(values_), static_cast<std::size_t>(out - values_.data()));
    columns_.push_back(wire::CreateColumn(builder_, index, ids, masks, values));
    return ids_.size();
}

std::size_t Encoder::add_opaque_column(const Extent& extent, ComponentIndex index, Tick base) {
    const Rows& rows = extent.rows(index);
    ids_.clear();
    lengths_.clear();
    values_.clear();
    extent.each_changed(index, base, [&](IdTable::Row row, std::uint64_t) {
        const auto value = rows.value(row);
        ids_.push_back(rows.ids()[row]);
        lengths_.push_back(static_cast<std::uint32_t>(value.size()));
        values_.insert(values_.end(), value.begin(), value.end());
    });
    if (ids_.empty()) return 0;
    const auto ids = builder_.CreateVector(ids_);
    const auto values = builder_.CreateVector(raw(values_), values_.size());
    const auto lengths = builder_.CreateVector(lengths_);
    columns_.push_back(wire::CreateColumn(builder_, index, ids, 0, values, lengths));
    return ids_.size();
}

Encoder::EventsOffset Encoder::add_events(const EventLog& events, EventNumber first, EventNumber last) {
    event_offsets_.clear();
    for (EventNumber number = first; number <= last; ++number) {
        const Event& event = events.at(number);
        const auto type = event.type.empty() ? 0 : builder_.CreateString(event.type);
        const auto data = event.data.empty() ? 0 : builder_.CreateVector(raw(event.data), event.data.size());
        event_offsets_.push_back(wire::CreateEvent(builder_, event.kind, event.player, type, data, event.request, event.seq, event.skip_sender));
    }
    return builder_.CreateVector(event_offsets_);
}

Encoder::Bytes Encoder::parts(std::span<const std::uint8_t> parts, const EventLog& events, const FrameInfo& info, bool lists) {
    builder_.Clear();
    const auto payload = parts.empty() ? 0 : builder_.CreateVector(parts.data(), parts.size());
    const auto event_vector = info.event_first == 0 ? EventsOffset{} : add_events(events, info.event_first, info.event_last);
    const wire::FrameHead head(info.tick, static_cast<std::uint16_t>(wire_kind_span(info)), info.kind,
                               lists ? wire::FrameFlags::InParts | wire::FrameFlags::ListsChunks : wire::FrameFlags::InParts);
    wire::StateFrameBuilder frame(builder_);
    frame.add_head(&head);
    if (!payload.IsNull()) frame.add_packed(payload);
    if (info.event_first != 0) {
        frame.add_event_first(info.event_first);
        frame.add_events(event_vector);
    }
    frame.add_complete(info.complete);
    builder_.Finish(frame.Finish(), "TRF1");
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
}

Encoder::Bytes Encoder::yours(const YoursContent& content, const EventLog& direct) {
    builder_.Clear();
    const auto events =
        content.direct_first == 0 ? EventsOffset{} : add_events(direct, content.direct_first, content.direct_last);
    const wire::YoursHead head(content.tick, content.applied_seq);
    const auto yours = wire::CreateYours(builder_, &head, content.direct_first, events, content.events_lost, content.event,
                                         content.ids_first, content.ids_count, content.early_seq, content.early_us, content.answered_seq);
    return finish_message(wire::Body::Yours, yours.Union());
}

Encoder::Bytes Encoder::finish_message(wire::Body type, flatbuffers::Offset<void> body) {
    builder_.Finish(wire::CreateMessage(builder_, type, body), "TRM1");
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
}

flatbuffers::Offset<wire::Layout> encode_layout(flatbuffers::FlatBufferBuilder& builder, const Layout& layout) {
    std::vector<flatbuffers::Offset<wire::Component>> components;
    for (const Component& component : layout.components()) {
        std::vector<flatbuffers::Offset<wire::Field>> fields;
        for (const Field& field : component.fields)
            fields.push_back(wire::CreateFieldDirect(builder, field.name.c_str(), field.type, field.offset, static_cast<std::uint8_t>(field.flags),
                                                     field.precision, field.min, field.max));
        components.push_back(
            wire::CreateComponentDirect(builder, component.name.c_str(), component.bytes, &fields, component.player, component.priority));
    }
    return wire::CreateLayoutDirect(builder, layout.fingerprint(), &components);
}

}  // namespace tickrelay
