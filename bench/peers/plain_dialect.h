#pragma once
// The dialect of the relay on Node's ws: binary messages of our own, as ws/server.js describes them.

#include <utility>

#include "bench/peers/dialect.h"

namespace tickrelay::bench {

class PlainDialect final : public Dialect {
 public:
  explicit PlainDialect(std::string new_room) : room_(std::move(new_room)) {}

  Endpoint seek(const Endpoint& server, const std::string& room) override;
  std::string room() const override { return room_; }
  bool on_binary(DialectLine& line, std::span<const std::uint8_t> message) override;
  void move(DialectLine& line, const Placement& placement) override;

 private:
  std::string room_;
};

// Entities as u16 and four float32, one after the other. False: the length is wrong.
bool tell_plain_entities(DialectLine& line, std::span<const std::uint8_t> bytes);

}  // namespace tickrelay::bench
