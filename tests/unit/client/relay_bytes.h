// What a relay would send, built with flatc's classes; and a Link that keeps what the SDK writes. Times are µs from 0.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relay_link.h"
#include "schema/arena_generated.h"
#include "schema/protocol_generated.h"
#include "session.h"

namespace tickrelay::test {

using Buffer = std::vector<std::uint8_t>;
using flatbuffers::FlatBufferBuilder;

inline constexpr ComponentIndex transform = 3, health = 4, name = 5, turn = 6;

inline flatbuffers::Offset<wire::Field> field(FlatBufferBuilder& builder, const char* name, wire::FieldType type,
                                              std::uint16_t offset, unsigned flags = 0, double precision = 0,
                                              double min = 0, double max = 0) {
  return wire::CreateField(builder, builder.CreateString(name), type, offset, flags,
                           precision, min, max);
}

inline constexpr unsigned quantised = 1, ranged = 2, angle = 4, quat = 8;

// The arena's; `wider` as if fields had been appended since this program was built.
inline flatbuffers::Offset<wire::Layout> layout(FlatBufferBuilder& builder, bool wider = false) {
  using Type = wire::FieldType;
  const auto component = [&](const char* text, std::uint16_t bytes,
                             std::vector<flatbuffers::Offset<wire::Field>> fields) {
    const auto vector = builder.CreateVector(fields);
    return wire::CreateComponent(builder, builder.CreateString(text), bytes, vector);
  };
  std::vector<flatbuffers::Offset<wire::Component>> all;
  all.push_back(component("tickrelay.Owner", 4, {field(builder, "player", Type::UInt32, 0)}));
  all.push_back(component("tickrelay.Player", 0, {}));
  all.push_back(component("tickrelay.Room", 0, {}));
  std::vector<flatbuffers::Offset<wire::Field>> fields;
  const char* axes[] = {"pos.x", "pos.y", "pos.z"};
  for (std::uint16_t i = 0; i < 3; ++i) {
    fields.push_back(field(builder, axes[i], Type::Float32, static_cast<std::uint16_t>(i * 4), quantised | ranged,
                           0.001, -1000, 1000));
  }
  fields.push_back(
      field(builder, "yaw", Type::Float32, 12, ranged | angle, 0, -3.1415927410125732, 3.1415927410125732));
  if (wider) fields.push_back(field(builder, "team", Type::UInt32, 16));
  all.push_back(component("arena.Transform", wider ? 20 : 16, fields));
  all.push_back(component("arena.Health", 2,
                          {field(builder, "points", Type::UInt8, 0), field(builder, "shield", Type::UInt8, 1)}));
  all.push_back(component("arena.Name", 0, {}));
  fields.clear();
  for (std::uint16_t i = 0; i < 4; ++i)
    fields.push_back(field(builder, std::string(1, "xyzw"[i]).c_str(), Type::Float32, static_cast<std::uint16_t>(i * 4), quantised | quat, 0.1));
  all.push_back(component("arena.Turn", 16, fields));
  return wire::CreateLayout(builder, wider ? 43 : 42, builder.CreateVector(all));
}

inline Buffer bytes_of(const FlatBufferBuilder& builder) {
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

inline LayoutPointer layout(bool wider = false) {
  FlatBufferBuilder builder;
  builder.Finish(layout(builder, wider));
  std::string error;
  const LayoutPointer read = read_layout(*flatbuffers::GetRoot<wire::Layout>(builder.GetBufferPointer()), error);
  EXPECT_TRUE(read) << error;
  return read;
}

template <class T>
Buffer message(FlatBufferBuilder& builder, wire::Body kind, flatbuffers::Offset<T> body) {
  builder.Finish(wire::CreateMessage(builder, kind, body.Union()), wire::MessageIdentifier());
  return bytes_of(builder);
}

struct WelcomeBytes {
  bool with_layout = true, wider = false, resumed = false, rolled_back = false;
  std::uint32_t term = 1, event = 0, direct = 0, applied_seq = 0, grace_ms = 20'000;
  wire::Codec codec = wire::Codec::Plain;
  std::int64_t server_us = 0;

  [[nodiscard]] Buffer bytes() const {
    FlatBufferBuilder builder;
    const auto shape = with_layout ? layout(builder, wider) : flatbuffers::Offset<wire::Layout>();
    const auto room_id = builder.CreateString("room");
    const auto type = builder.CreateString("arena");
    const auto player_id = builder.CreateString("ada");
    const auto session = builder.CreateString("secret");
    wire::WelcomeBuilder welcome(builder);
    welcome.add_room_id(room_id);
    welcome.add_type(type);
    welcome.add_player(7);
    welcome.add_player_id(player_id);
    welcome.add_entity(1);
    welcome.add_session(session);
    welcome.add_term(term);
    welcome.add_tick_rate(20);
    welcome.add_send_rate(20);
    welcome.add_resumed(resumed);
    welcome.add_rolled_back(rolled_back);
    welcome.add_applied_seq(applied_seq);
    welcome.add_event(event);
    welcome.add_direct(direct);
    welcome.add_ids_first(1000);
    welcome.add_ids_count(100);
    welcome.add_ack_interval_ms(100);
    welcome.add_grace_ms(grace_ms);
    welcome.add_codec(codec);
    welcome.add_server_us(static_cast<std::uint64_t>(server_us));
    if (with_layout) welcome.add_layout(shape);
    return message(builder, wire::Body::Welcome, welcome.Finish());
  }
};

struct EventBytes {
  wire::EventKind kind = wire::EventKind::Message;
  std::uint32_t player = 2;
  std::string type = "hit";
  std::string data = "";
  std::uint32_t request = 0;
  bool skip_sender = false;
};

inline flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::Event>>> events(
    FlatBufferBuilder& builder, const std::vector<EventBytes>& all) {
  std::vector<flatbuffers::Offset<wire::Event>> offsets;
  for (const EventBytes& event : all) {
    const auto type = builder.CreateString(event.type);
    const auto data = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(event.data.data()), event.data.size());
    offsets.push_back(
        wire::CreateEvent(builder, event.kind, event.player, type, data, event.request, 0, event.skip_sender));
  }
  return builder.CreateVector(offsets);
}

struct ColumnBytes {
  ComponentIndex component;
  std::vector<std::uint32_t> ids;
  Buffer masks;
  Buffer values;
  std::vector<std::uint32_t> lengths;
};

struct FrameBytes {
  std::uint32_t tick = 1;
  std::uint16_t span = 1;
  wire::FrameKind kind = wire::FrameKind::Stream;
  std::vector<ColumnBytes> columns;
  std::vector<std::uint32_t> removed;
  std::vector<std::uint32_t> alive;
  bool lists_alive = false;
  std::uint32_t event_first = 0;
  std::vector<EventBytes> events_held = {};
  std::uint32_t complete = 0;

  static FrameBytes whole(std::uint32_t tick, std::vector<ColumnBytes> columns = {}) {
    FrameBytes frame;
    frame.tick = tick;
    frame.span = 0;
    frame.kind = wire::FrameKind::Whole;
    frame.columns = std::move(columns);
    return frame;
  }
  static FrameBytes stream(std::uint32_t tick, std::vector<ColumnBytes> columns = {}) {
    FrameBytes frame;
    frame.tick = tick;
    frame.columns = std::move(columns);
    return frame;
  }

  [[nodiscard]] Buffer bytes() const {
    FlatBufferBuilder builder;
    std::vector<flatbuffers::Offset<wire::Column>> offsets;
    for (const ColumnBytes& column : columns) {
      const auto ids = builder.CreateVector(column.ids);
      const auto masks = column.masks.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>()
                                              : builder.CreateVector(column.masks);
      const auto values = builder.CreateVector(column.values);
      const auto lengths = column.lengths.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>>()
                                                  : builder.CreateVector(column.lengths);
      offsets.push_back(wire::CreateColumn(builder, column.component, ids, masks, values, lengths));
    }
    const auto all = builder.CreateVector(offsets);
    const auto gone = builder.CreateVector(removed);
    const auto living = builder.CreateVector(alive);
    const auto told = events(builder, events_held);
    wire::StateFrameBuilder frame(builder);
    const wire::FrameHead head(tick, span, kind, lists_alive ? wire::FrameFlags::ListsAlive : wire::FrameFlags{});
    frame.add_head(&head);
    frame.add_columns(all);
    frame.add_removed(gone);
    if (lists_alive) frame.add_alive(living);
    frame.add_event_first(event_first);
    if (!events_held.empty()) frame.add_events(told);
    frame.add_complete(complete);
    builder.Finish(frame.Finish(), "TRF1");
    return bytes_of(builder);
  }
};

struct YoursBytes {
  std::uint32_t tick = 0, applied_seq = 0, direct_first = 0;
  std::vector<EventBytes> direct = {};
  std::uint32_t events_lost = 0, event = 0;

  [[nodiscard]] Buffer bytes() const {
    FlatBufferBuilder builder;
    const auto told = events(builder, direct);
    const wire::YoursHead head(tick, applied_seq);
    return message(builder, wire::Body::Yours,
                   wire::CreateYours(builder, &head, direct_first, told, events_lost, event));
  }
};

inline Buffer moved_bytes(const std::string& url) {
  FlatBufferBuilder builder;
  const auto text = builder.CreateString(url);
  return message(builder, wire::Body::Moved, wire::CreateMoved(builder, text));
}

// All fields of values one behind the other.
template <class... T>
Buffer packed(T... values) {
  Buffer buffer((sizeof values + ...));
  std::size_t at = 0;
  ((std::memcpy(buffer.data() + at, &values, sizeof values), at += sizeof values), ...);
  return buffer;
}

inline ColumnBytes transforms(std::vector<std::uint32_t> ids, Buffer values) {
  return {transform, std::move(ids), {}, std::move(values), {}};
}
inline ColumnBytes owners(std::vector<std::uint32_t> ids, std::vector<std::uint32_t> players) {
  Buffer values;
  for (const std::uint32_t player : players) {
    const Buffer one = packed(player);
    values.insert(values.end(), one.begin(), one.end());
  }
  return {owner_component, std::move(ids), {}, values, {}};
}

inline ColumnBytes player_column(std::uint32_t entity, std::uint32_t number, const std::string& id) {
  FlatBufferBuilder builder;
  const auto text = builder.CreateString(id);
  builder.Finish(wire::CreatePlayer(builder, number, text, wire::Role::Player, true));
  const Buffer value = bytes_of(builder);
  return {player_component, {entity}, {}, value, {static_cast<std::uint32_t>(value.size())}};
}

// What the SDK wrote to one connection, and whether its socket has room.
struct Wrote {
  std::deque<Buffer> messages;
  bool room = true;
  bool alive = true;
  std::uint16_t close_code = 0;
  std::uint64_t arrived = 0;  // bytes from the relay

  // Written and not yet looked at.
  [[nodiscard]] std::vector<Buffer> take(wire::Body kind) {
    std::vector<Buffer> found;
    std::deque<Buffer> rest;
    for (Buffer& each : messages)
      (wire::GetMessage(each.data())->body_type() == kind ? found.emplace_back() : rest.emplace_back()) =
          std::move(each);
    messages = std::move(rest);
    return found;
  }
};

class FakeLink final : public Link {
 public:
  explicit FakeLink(std::shared_ptr<Wrote> wrote) : wrote_(std::move(wrote)) {}
  ~FakeLink() override { wrote_->alive = false; }
  [[nodiscard]] bool writable() const override { return wrote_->room; }
  void write(Bytes bytes) override {
    flatbuffers::Verifier verifier(bytes.data(), bytes.size());
    EXPECT_TRUE(wire::VerifyMessageBuffer(verifier));
    wrote_->messages.emplace_back(bytes.begin(), bytes.end());
  }
  void close(std::uint16_t code, const std::string&) override { wrote_->close_code = code; }
  [[nodiscard]] std::uint64_t bytes_arrived() const override { return wrote_->arrived; }

 private:
  std::shared_ptr<Wrote> wrote_;
};

inline const wire::Join& join_of(const Buffer& bytes) { return *wire::GetMessage(bytes.data())->body_as_Join(); }

// An action as the relay reads it.
struct Sent {
  explicit Sent(const wire::Action& from)
      : kind(from.kind()),
        seq(from.seq()),
        component(from.component()),
        entity(from.entity()),
        mask(from.mask()),
        request(from.request()) {
    if (from.data()) data.assign(from.data()->begin(), from.data()->end());
    if (from.type()) type = from.type()->str();
  }
  wire::ActionKind kind;
  std::uint32_t seq;
  ComponentIndex component;
  std::uint32_t entity;
  std::uint64_t mask;
  std::uint32_t request;
  Buffer data;
  std::string type;
};

// A Room on a Session without sockets: the test is the relay.
struct Game {
  explicit Game(JoinRequest request = {}, ClientOptions options = {})
      : session(std::make_shared<Session>("ws://relay.test", std::move(request), std::move(options), 1, 0)),
        room(session) {}

  void connect() {
    wrote = std::make_shared<Wrote>();
    ASSERT_TRUE(session->wants_link(now));
    session->dialled(std::make_unique<FakeLink>(wrote), now);
    session->opened(now);
  }
  void receive(const Buffer& bytes) { session->received(bytes, now); }
  void step(std::int64_t pass_us = 16'000) {
    now += pass_us;
    session->step(now);
  }
  void close(std::uint16_t code) { session->closed(code, "", now); }
  // Joined, with a first frame: entity 1 (own seat, a transform) and 2 (player 9's).
  void join(std::int64_t server_us = 0) {
    connect();
    receive(WelcomeBytes{.server_us = server_us}.bytes());
    receive(FrameBytes::whole(
                10, {owners({1, 2}, {7, 9}), transforms({1, 2}, packed(1.f, 2.f, 3.f, 0.f, 4.f, 5.f, 6.f, 0.f))})
                .bytes());
    step();
    wrote->messages.clear();
  }
  // The actions of everything sent since the last call.
  std::vector<Sent> actions() {
    std::vector<Sent> all;
    for (const Buffer& each : wrote->take(wire::Body::Update)) {
      const auto* update = wire::GetMessage(each.data())->body_as_Update();
      if (update->ack()) ack = *update->ack();
      if (!update->actions()) continue;
      for (const wire::Action* action : *update->actions()) all.emplace_back(*action);
    }
    return all;
  }

  std::int64_t now = 1'000'000;
  std::shared_ptr<Session> session;
  Room room;
  std::shared_ptr<Wrote> wrote;
  wire::Ack ack{0, 0, 0};
};

}  // namespace tickrelay::test
