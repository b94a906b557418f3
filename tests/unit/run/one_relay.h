// One loop and one worker stepped by hand, with sockets that take everything: for tests of what passes between them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "relay/run/loop.h"
#include "relay/run/worker.h"

namespace tickrelay::test {

constexpr std::int64_t ms = 1'000'000;

// The test's own memory is not what is refused: see counted_new.h. Elsewhere it does nothing.
struct Refusals {
  static inline std::size_t* next = nullptr;
  Refusals() : before(next == nullptr ? 0 : std::exchange(*next, 0)) {}
  ~Refusals() {
    if (next != nullptr) *next = before;
  }
  std::size_t before;
};

struct OpenSockets final : Sockets {
  struct Closed {
    CloseCode code;
    std::string detail;
  };
  [[nodiscard]] std::int64_t now_ns() const override { return now; }
  Sent send(SocketId socket, std::span<const std::byte> first, std::span<const std::byte> second) override {
    const Refusals none;
    last.assign(first.begin(), first.end());
    if (answer == Sent::written || answer == Sent::kept) bytes[socket] += first.size() + second.size(), ++sends[socket];
    return answer;
  }
  void close(SocketId socket, CloseCode code, std::string_view detail) override {
    const Refusals none;
    closed[socket] = {code, std::string(detail)};
  }
  void pause(SocketId socket, bool is) override {
    const Refusals none;
    paused[socket] = is;
  }

  [[nodiscard]] std::uint64_t delivered(SocketId socket) const override { return socket < arrived.size() ? arrived[socket] : 0; }

  std::int64_t now = 1000 * ms;
  Sent answer = Sent::written;
  std::vector<std::size_t> bytes = std::vector<std::size_t>(64);
  std::vector<std::byte> last;  // the first part of what was sent last: a Yours before its frame
  std::vector<int> sends = std::vector<int>(64);
  std::vector<std::uint64_t> arrived = std::vector<std::uint64_t>(64);  // as its kernel would say
  std::map<SocketId, Closed> closed;
  std::map<SocketId, bool> paused;
};

// A token is the seat's own secret.
struct OpenSessions final : Sessions {
  std::string make(std::string_view, std::uint32_t, const Seat& seat) override {
    const Refusals none;
    return seat.session;
  }
  std::optional<SessionClaims> read(std::string_view, std::string_view token) override {
    if (claims) return claims;
    SessionClaims found;
    if (Room* room = room_of ? room_of() : nullptr)
      for (const auto& seat : room->seats())
        if (seat->session == token) found = {room->term(), seat->number, seat->role, seat->session, seat->player_id, seat->options};
    return found;
  }
  std::function<Room*()> room_of;
  std::optional<SessionClaims> claims;  // instead
};

struct OpenGate final : Gate {
  OpenGate(Lobby& lobby, OpenSessions& tokens) : lobby(lobby), tokens(tokens) {}
  Verdict admit(const JoinRequest& join, std::int64_t) override {
    const Refusals none;
    if (join.type == "refused") return Drop{CloseCode::forbidden, "not here"};
    const bool has_seat = join.mode == wire::JoinMode::Resume || join.mode == wire::JoinMode::Shield;
    const bool reserved = !has_seat && !lobby.reserve(room, join.role == wire::Role::Player);
    Pass pass{.room = room, .player_id = std::string(join.player_id), .role = join.role, .reserved = reserved,
              .session = "session-" + std::to_string(++sessions), .claims = {}, .ticket = ticket};
    if (has_seat) pass.claims = tokens.read(room->id, join.session);
    return pass;
  }
  Lobby::Found list(const ListRequest&) override {
    return lobby.search("", nullptr, 100);
  }
  Lobby& lobby;
  OpenSessions& tokens;
  RoomRecordPointer room;
  std::optional<TicketTerms> ticket;  // of the next joins
  int sessions = 0;
};

struct SilentJournal final : Journal {
  void room_spawned(const Room&) override {}
  void room_restored(const Room&) override {}
  void room_closed(const Room&, std::string_view) override {}
  void player(std::string_view, const Room&, const Seat&, std::string_view) override {}
  void message(const Room&, PlayerNumber, const Event&) override {}
  void room_slowed(const Room& room, double send_hz, double tick_hz) override {
    slowed.push_back({room.settings().id, send_hz, tick_hz});
  }
  void room_full_rate(const Room& room) override { slowed.push_back({room.settings().id, 0, 0}); }
  struct Slowed {
    std::string room;
    double send_hz, tick_hz;  // 0: as it should
  };
  std::vector<Slowed> slowed;
};

struct OneRelay {
  Lobby lobby{1};
  OpenSessions sessions;
  OpenGate gate{lobby, sessions};
  OpenSockets sockets;
  SilentJournal journal;
  LoopPort loop_port{1024};
  WorkerPort worker_port{1024};
  StatsShard loop_stats, worker_stats;
  LoopPort* loops[1] = {&loop_port};
  WorkerPort* workers[1] = {&worker_port};
  Guard* guard = nullptr;       // set by who makes it with one
  TraceTrack* trace = nullptr;  // likewise, the loop's
  Loop loop{{.guard = guard, .trace = trace}, loop_port, workers, gate, sockets, loop_stats};
  Worker worker{0, [this] { return sockets.now; }, worker_port, loops, lobby, journal, sessions, worker_stats};
  flatbuffers::FlatBufferBuilder builder{4096};
  std::vector<std::uint64_t> message = std::vector<std::uint64_t>(4096);

  explicit OneRelay(RoomSettings settings, LogicFactory logic = built_in_logic("relay"), Guard* with = nullptr, TraceTrack* traced = nullptr)
      : guard(with), trace(traced) {
    sessions.room_of = [this] { return room(); };
    settings.type = "arena";
    if (!settings.layout) settings.layout = std::make_shared<const Layout>(std::vector<Component>());
    gate.room = lobby.create(std::move(settings), std::move(logic), sockets.now, 7);
  }

  void step(std::int64_t for_ns = ms) {
    sockets.now += for_ns;
    loop.step(sockets.now);
    worker.step(sockets.now);
    loop.step(sockets.now);
  }
  void step_ticks(int count) {
    for (int i = 0; i < count; ++i) step(1000 * ms / gate.room->settings.tick_rate + ms);
  }

  template <typename Build>
  void write(wire::Body type, Build build) {
    const Refusals none;
    builder.Clear();
    const auto body = build(builder);
    builder.Finish(wire::CreateMessage(builder, type, body.Union()), "TRM1");
    std::memcpy(message.data(), builder.GetBufferPointer(), builder.GetSize());
  }
  template <typename Build>
  void send(SocketId socket, wire::Body type, Build build) {
    write(type, build);
    loop.received(socket, std::as_bytes(std::span(message)).first(builder.GetSize()));
  }
  void join(SocketId socket, const char* player_id = "", wire::JoinMode mode = wire::JoinMode::ById,
            const char* session = "", const char* type = "arena") {
    send(socket, wire::Body::Join, [&](auto& b) {
      return wire::CreateJoinDirect(b, 1, mode, gate.room->id.c_str(), type, player_id, wire::Role::Player, "{}", "",
                                    session);
    });
  }
  void open_and_join(SocketId socket, const char* player_id = "") {
    loop.opened(socket);
    join(socket, player_id);
  }
  [[nodiscard]] Room* room() {
    for (const auto& place : worker.places())
      if (place->room) return place->room.get();
    return nullptr;
  }
};

}  // namespace tickrelay::test
