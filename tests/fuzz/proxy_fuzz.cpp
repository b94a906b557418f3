// What a balancer says first. A header is whole or not whatever comes behind it, and its parts ask for more, but never for too much.
#include <cstdlib>

#include "relay/run/proxy_header.h"
#include "tests/fuzz/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  using State = ProxyHeader::State;
  const std::span bytes = std::as_bytes(std::span(data, size));
  const ProxyHeader all = read_proxy_header(bytes);
  if (all.state == State::bad) {
    if (all.why.empty()) std::abort();
    return 0;
  }
  if (all.state == State::partial) {
    if (all.bytes <= size || all.bytes > proxy_header_bytes_max) std::abort();
    return 0;
  }
  if (all.bytes > size || all.bytes > proxy_header_bytes_max) std::abort();
  for (std::size_t have = 0; have < all.bytes; ++have) {
    const ProxyHeader part = read_proxy_header(bytes.first(have));
    if (part.state != State::partial || part.bytes <= have || part.bytes > all.bytes) std::abort();
  }
  const ProxyHeader exact = read_proxy_header(bytes.first(all.bytes));
  if (exact.state != State::whole || exact.bytes != all.bytes || exact.peer != all.peer) std::abort();
  return 0;
}
