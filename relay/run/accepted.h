// A connection on its way from the acceptor to its loop.
#pragma once

#include "relay/address.h"

namespace tickrelay {

struct Accepted {
    int fd = -1;  // non-blocking, the receiver's from here on
    PeerAddress peer{};
    bool tls = false;  // it is to speak TLS
};

}  // namespace tickrelay
