#pragma once
// A certificate for this machine's loopback, signed by itself and good for a day: for a server that is started for one load.

#include <string>

namespace tickrelay::bench {

struct ThrowAwayCertificate {
  std::string certificate, key;  // PEM; P-256
};

// Throws std::runtime_error.
ThrowAwayCertificate make_certificate();

}  // namespace tickrelay::bench
