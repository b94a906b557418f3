// Writes the seeds of the fuzz targets, made by the real encoders: fuzz_seeds tests/fuzz/corpus. Run it after a change to
// the protocol; what lies there is checked in.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "compose.h"
#include "tests/unit/client/part_bytes.h"
#include "tests/unit/schema/packed_scenes.h"

namespace tickrelay::test {
namespace {

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// As bytes.h reads it: each message behind its length.
std::string joined(const std::vector<Buffer>& messages) {
  std::string all;
  for (const Buffer& message : messages) {
    all += static_cast<char>(message.size() & 0xff);
    all += static_cast<char>(message.size() >> 8);
    all.append(message.begin(), message.end());
  }
  return all;
}

Buffer copied(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

Action action(wire::ActionKind kind, std::uint32_t seq, EntityId entity, Buffer data = {}, std::string type = {}) {
  Action made;
  made.kind = kind;
  made.seq = seq;
  made.entity = entity;
  made.data = std::move(data);
  made.type = std::move(type);
  made.component = transform;
  return made;
}

void messages(const std::filesystem::path& folder) {
  Composer composer;
  JoinRequest join{.mode = wire::JoinMode::JoinOrCreate, .type = "arena"};
  join.options.player_id = "ada";
  join.options.options = R"({"name":"ada"})";
  const JoinRequest back{.mode = wire::JoinMode::Resume, .room_id = "room", .session = "secret"};
  write(folder / "join", joined({copied(composer.join(join, {}, 0, false)), copied(composer.join(back, {1, 9, 2, 1}, 42, true))}));

  const LayoutPointer shape = layout();
  using Kind = wire::ActionKind;
  const Buffer here = packed(1.f, 2.f, 3.f, 0.5f);
  std::vector<Action> all = {action(Kind::Set, 1, 1, here),      action(Kind::Spawn, 2, 4097, here),
                             action(Kind::Set, 3, 4097, here),   action(Kind::Message, 4, 0, here, "hit"),
                             action(Kind::Input, 5, 0, here),    action(Kind::Claim, 6, 4097),
                             action(Kind::Despawn, 7, 4097),     action(Kind::Answer, 8, 0, here)};
  for (Action& each : all) each.mask = each.kind == Kind::Set || each.kind == Kind::Spawn ? 0b1111 : 0;
  all[3].to = {1, 2};
  all[3].request = 7;
  all[7].to = {1};
  all[7].request = 7;
  write(folder / "update", joined({copied(composer.update({1, 2, 0, 0}, all, shape.get()))}));
  write(folder / "small", joined({copied(composer.ping(1'000)), copied(composer.list_rooms({.type = "arena", .metadata = "{}"}, 3)),
                                  copied(composer.leave())}));
}

void sessions(const std::filesystem::path& folder) {
  const Buffer whole =
      FrameBytes::whole(10, {owners({1, 2}, {7, 9}), transforms({1, 2}, packed(1.f, 2.f, 3.f, 0.f, 4.f, 5.f, 6.f, 0.f)),
                             player_column(1, 7, "ada")})
          .bytes();
  FrameBytes removal = FrameBytes::stream(12);
  removal.removed = {2};
  removal.event_first = 1;
  removal.events_held = {{.type = "hit", .data = "5"}, {.kind = wire::EventKind::Failure, .type = "not_owner"}};
  FrameBytes alive = FrameBytes::stream(13);
  alive.lists_alive = true;
  alive.alive = {1};
  const Buffer moved = FrameBytes::stream(11, {{transform, {2}, {0b0100}, packed(8.f), {}}}).bytes();
  const YoursBytes yours{.tick = 12, .applied_seq = 1, .direct_first = 1, .direct = {{.type = "psst", .data = "x"}}};
  write(folder / "frames", joined({WelcomeBytes{}.bytes(), whole, moved, yours.bytes(), removal.bytes(), alive.bytes()}));
  write(folder / "resume", joined({WelcomeBytes{}.bytes(), whole, {}, WelcomeBytes{.with_layout = false, .resumed = true}.bytes(), moved}));
  FrameBytes left = FrameBytes::stream(1);
  left.removed = {2};
  const Buffer crossing = PartsBytes{.tick = 11}.part(1, 0, left).part(0, 0, placed({2}, 7)).bytes();
  const Buffer listing = PartsBytes{.tick = 12, .lists = true}.unchanged(0).gone(1).bytes();
  write(folder / "views", joined({WelcomeBytes{}.bytes(), first_view(), crossing, listing}));
  write(folder / "moved", joined({moved_bytes("ws://other.test/n/2/v1"), WelcomeBytes{.wider = true}.bytes()}));
}

// As packed_fuzz.cpp reads it: the layout, then each frame behind its head.
void packed_frames(const std::filesystem::path& folder) {
  const std::vector<Scene> all = scenes();
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<Buffer> messages;
    for (const Told& told : play(all[i])) {
      if (messages.size() == 40) break;
      const auto head = static_cast<unsigned>(told.frame.kind) | (told.frame.key ? 4U : 0U) | (told.to[0] == 0 ? 0U : 8U);
      messages.push_back({static_cast<std::uint8_t>(head)});
      messages.back().insert(messages.back().end(), told.frame.bytes.begin(), told.frame.bytes.end());
    }
    write(folder / ("scene" + std::to_string(i)), static_cast<char>(i) + joined(messages));
  }
}

void texts(const std::filesystem::path& corpus) {
  write(corpus / "rpc" / "calls",
        R"({"jsonrpc":"2.0","id":1,"method":"room.spawn","params":{"id":"q","type":"demo","tick_rate":30,"metadata":{"a":1}}}
[{"jsonrpc":"2.0","id":"a","method":"relay.info"},{"jsonrpc":"2.0","method":"room.list","params":{"limit":2}}]
{"jsonrpc":"2.0","id":2,"method":"room.set","params":{"room_id":"r","entity":1,"component":"Transform","fields":{"pos":{"x":1},"yaw":0}}}
{"jsonrpc":"2.0","id":3,"method":"room.broadcast","params":{"room_id":"r","type":"hit","data":"AAE="}}
)");
  write(corpus / "rpc" / "more",
        R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe","params":{"types":["room.spawned"],"after_seq":0}}
{"jsonrpc":"2.0","id":2,"method":"room.state","params":{"room_id":"r"}}
{"jsonrpc":"2.0","id":3,"method":"player.kick","params":{"room_id":"r","player_id":"ada","ban_s":60}}
{"jsonrpc":"2.0","id":4,"method":"ticket.issue","params":{"room_id":"r","player_id":"ada","role":"spectator"}}
{"jsonrpc":"2.0","id":5,"method":"room.update","params":{"room_id":"r","locked":true,"max_players":3}}
)");
  write(corpus / "http" / "rooms", "/api/rooms?sort=players&descending=true&limit=2&search=a&cursor=");
  write(corpus / "http" / "room", "/api/rooms/a");
  write(corpus / "http" / "metrics", "/metrics");
  write(corpus / "config" / "types", R"(auth = "tickets"
listen = "[::]:8350"
loops = 2
drain_deadline = 1.5
nats = ["nats://a:4222", "nats://b:4222"]
[type.arena]
tick_rate = 30
create = "clients"
metadata = { mode = "duel", tags = ["a", "b"] }
)");
  write(corpus / "ticket" / "claims", R"({"alg":"HS256","typ":"JWT"}
{"room":"room","sub":"ada","exp":1700000060,"nbf":1700000000,"iat":1700000000.5,"role":"spectator","seat":7,"jti":"a","aud":["game"],"iss":"us"})");
  write(corpus / "ticket" / "plain", "{\"alg\":\"HS256\"}\n{\"room\":\"room\",\"sub\":\"ada\",\"exp\":1700000060}");
  write(corpus / "ticket" / "none", "eyJhbGciOiJub25lIn0.eyJyb29tIjoicm9vbSIsInN1YiI6ImFkYSIsImV4cCI6MTcwMDAwMDA2MH0.");
  write(corpus / "ticket" / "signed",
        "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVzIn0.eyJyb29tIjoicm9vbSIsInN1YiI6ImFkYSIsImV4cCI6MTcwMDAwMDA2MH0." + std::string(86, 'A'));
  write(corpus / "config" / "wrong", "lisen = 3\n[type.x]\ntick_rat = 0x1F\n[[[\n");
}

}  // namespace
}  // namespace tickrelay::test

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path corpus = argv[1];
  tickrelay::test::messages(corpus / "message");
  tickrelay::test::sessions(corpus / "session");
  tickrelay::test::packed_frames(corpus / "packed");
  tickrelay::test::texts(corpus);
  std::ifstream arena(ARENA_BFBS, std::ios::binary);
  tickrelay::test::write(corpus / "schema" / "arena", {std::istreambuf_iterator<char>(arena), {}});
}
