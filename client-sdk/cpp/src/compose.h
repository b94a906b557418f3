// Messages to the relay, as bytes. The result holds until the next call on the same Composer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layout.h"
#include "outbox.h"
#include "schema/protocol_generated.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

// What a Join says. Resume adds what the client has.
struct JoinRequest {
  wire::JoinMode mode = wire::JoinMode::JoinOrCreate;
  std::string room_id;
  std::string type;
  std::string ticket;
  std::string session;
  JoinOptions options;
};

struct Have {
  std::uint32_t term = 0;
  std::uint32_t tick = 0;
  std::uint32_t event = 0;
  std::uint32_t direct = 0;
};

class Composer {
 public:
  Bytes join(const JoinRequest& request, const Have& have, std::uint64_t fingerprint, bool prompt_acks);
  // layout: of the actions' components; may be nullptr where no action is a Set or Spawn.
  Bytes update(const Have& have, const std::vector<Action>& actions, const Layout* layout);
  Bytes ping(std::int64_t now_us);
  Bytes leave();
  Bytes pace(std::uint32_t bytes_per_s);
  Bytes resync(std::uint32_t tick, const Have& have);
  Bytes list_rooms(const RoomFilter& filter, std::uint32_t request);

 private:
  flatbuffers::Offset<wire::Action> action(const Action& action, const Layout* layout);
  flatbuffers::Offset<flatbuffers::String> text(const std::string& value);
  template <class T>
  Bytes finish(wire::Body kind, flatbuffers::Offset<T> body);

  flatbuffers::FlatBufferBuilder builder_{1024};
  std::vector<std::uint8_t> packed_;
};

// The values of the masked fields, one behind the other. value: the struct.
void pack(const Component& component, std::uint64_t mask, Bytes value, std::vector<std::uint8_t>& packed);

}  // namespace sdk
}  // namespace tickrelay
