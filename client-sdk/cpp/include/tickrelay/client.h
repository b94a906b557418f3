// tickrelay's C++ SDK. A Client is one thread's: it has no thread of its own, never blocks on the network and does
// everything inside poll(), which the game calls once a frame.
//
//   tickrelay::Client client("ws://localhost:8350");
//   auto room = client.join_or_create("arena", {.options = R"({"name": "ada"})"});
//   room->on_join([&] { ship = room->spawn(arena::Transform(…)); });
//   room->on_change<arena::Transform>([&](tickrelay::EntityId id, const arena::Transform& at) { … });
//   for (;;) { client.poll(); … }
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tickrelay/room.h"
#include "tickrelay/state.h"
#include "tickrelay/types.h"

namespace tickrelay {
inline namespace sdk {

class Client {
 public:
  // url: ws:// or wss://, host, optional port and path ("/v1" is appended where it does not end in it). A bad one shows
  // as on_leave of every join.
  explicit Client(std::string url, ClientOptions options = {});
  // Leaves all rooms: on_leave is not called any more. Not to be ended from within a call-back.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Each gives a room that is joining: register call-backs, then poll until on_join or on_leave.
  // The Client keeps it until it is left; dropping the pointer does not leave.
  std::shared_ptr<Room> join_or_create(std::string type, JoinOptions options = {});
  std::shared_ptr<Room> create(std::string type, JoinOptions options = {});
  std::shared_ptr<Room> join(std::string type, JoinOptions options = {});  // never creates
  std::shared_ptr<Room> join_by_id(std::string room_id, JoinOptions options = {});
  std::shared_ptr<Room> join_with_ticket(std::string ticket, std::string room_id = {}, JoinOptions options = {});
  // token: Room::reconnection_token. Back in the seat that lost its connection.
  std::shared_ptr<Room> reconnect(const std::string& token);

  // Lists rooms that may be joined; `call` is called once, within join_timeout_s.
  void rooms(RoomFilter filter, std::function<void(const RoomList&)> call);

  // All input and output, all call-backs. Costs a few system calls where nothing happened. Only the look-up of a host
  // name that is neither an address nor in the hosts file can hold it up.
  void poll();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sdk
}  // namespace tickrelay
