#pragma once
// The relays that are compared, and how each is started and spoken to.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/server.h"
#include "bench/peers/player.h"

namespace tickrelay::bench {

struct Peer {
  enum class Protocol { relay, plain, socketio, socketio_binary, colyseus };

  std::string name;   // as --peers has it
  std::string title;  // as tables have it
  Protocol protocol;
  std::string codec{};   // of tickrelay
  std::string floor{};   // of the floor: eager
  std::string folder{};  // below bench/peers, of npm projects
};

const std::vector<Peer>& all_peers();
// Throws std::runtime_error where there is none of this name.
const Peer& peer_named(const std::string& name);

struct PeerPlace {
  std::string projects;  // the folder bench/peers
  std::string node;      // "": engine's below it
  bool pin = false;      // server on CPU 0, we on CPU 1
};

// The version of what is measured, for the record: "ws 8.23.0, Node.js 22.23.3".
std::string peer_version(const Peer& peer, const PeerPlace& place);

// A started server, gone with this object.
class PeerServer {
 public:
  // Throws std::runtime_error where it does not start.
  PeerServer(const Peer& peer, const PeerPlace& place, std::uint32_t rate_hz, std::uint32_t players);

  const Endpoint& endpoint() const { return endpoint_; }
  pid_t process() const { return process_; }

 private:
  std::unique_ptr<Server> server_;
  std::unique_ptr<ServerProcess> node_;
  Endpoint endpoint_;
  pid_t process_ = 0;
};

}  // namespace tickrelay::bench
