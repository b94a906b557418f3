#pragma once
// Colyseus 0.18's room protocol and as much of @colyseus/schema 5 as the state of colyseus/server.js needs: a map of
// players with four float32 each.

#include <unordered_map>

#include "bench/peers/dialect.h"
#include "bench/peers/matchmaker.h"

namespace tickrelay::bench {

class ColyseusDialect final : public Dialect {
 public:
  Endpoint seek(const Endpoint& server, const std::string& room) override;
  Endpoint seek_again(const Endpoint& server) override;
  std::string room() const override { return seat_.room_id; }
  bool on_binary(DialectLine& line, std::span<const std::uint8_t> message) override;
  void move(DialectLine& line, const Placement& placement) override;

 private:
  struct Structure {
    enum class Kind { state, players, player };
    Kind kind = Kind::player;
    Placement placement{};
    bool changed = false;
  };
  class Reader;

  Endpoint seat_endpoint(const Endpoint& server, const std::string& more) const;
  bool take_join(DialectLine& line, Reader bytes);
  bool take_changes(DialectLine& line, Reader bytes);
  bool take_operation(Reader& bytes, Structure::Kind kind, std::uint32_t id);
  bool take_entry(Reader& bytes, std::uint8_t operation);
  void tell(DialectLine& line);

  ColyseusSeat seat_;
  std::string token_;
  std::unordered_map<std::uint32_t, Structure> structures_;  // by the schema's refId
  std::vector<std::uint32_t> changed_;
  std::uint32_t own_ = 0;  // refId; 0: not known yet
  bool seated_ = false;
};

}  // namespace tickrelay::bench
