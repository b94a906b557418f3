// Whether somebody listens at an address: what the kernel there says to a connection.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tickrelay {

enum class Probed : std::uint8_t {
    accepted,  // somebody listens, however busy or stopped
    refused,   // nobody does: the process that did has ended
    silent     // nothing is known: no answer in time, no route, no such name
};

// HOST:PORT each, with an address for host or a name. All at once; takes at most about a third of a second, and as long as names take.
std::vector<Probed> probe_all(std::span<const std::string> addresses);

}  // namespace tickrelay
