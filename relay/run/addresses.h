// Addresses as the kernel knows them. Any thread; asks at each call.
#pragma once

#include <string>
#include <vector>

#include "relay/address.h"

struct sockaddr_storage;

namespace tickrelay {

// Under which other machines may reach this one: IPv4 of interfaces that are up, loopback left out: "192.168.1.20".
std::vector<std::string> own_addresses();

PeerAddress peer_of(const sockaddr_storage& from);
PeerAddress peer_of(int fd);  // of a connected socket; all 0 where the kernel does not tell

}  // namespace tickrelay
