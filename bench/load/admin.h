#pragma once
// The relay's admin socket: JSON-RPC 2.0, one object a line, blocking.

#include <nlohmann/json.hpp>

#include <string>

namespace tickrelay::bench {

class Admin {
 public:
  // Throws std::runtime_error where nobody listens.
  explicit Admin(const std::string& path);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  // Throws std::runtime_error with the relay's reason where it refuses.
  nlohmann::json call(const std::string& method, nlohmann::json params);

 private:
  std::string read_line();

  int socket_;
  int last_id_ = 0;
  std::string unread_;
};

}  // namespace tickrelay::bench
