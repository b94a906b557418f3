#pragma once
// A server started by the bench: it prints where it is and then that it is ready, has a folder of its own, and is gone when
// this object goes.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tickrelay::bench {

struct SpawnOptions {
  std::string program{};                       // a path, or a name beside this program
  std::vector<std::string> arguments{};        // FOLDER stands for the folder of its own
  std::string ready_line{};                    // ends the banner
  std::string address_after{};                 // words before its address in the banner; "": a ws:// or wss:// URL is there
  bool banner_on_errors = false;               // it is on standard error
  std::map<std::string, std::string> files{};  // into that folder: name → content; FOLDER as above in .toml files
  int cpu = -1;                                // pinned there where not negative
};

class ServerProcess {
 public:
  // Waits for the banner. Throws std::runtime_error with what the server said.
  explicit ServerProcess(const SpawnOptions& options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& url() const { return url_; }  // or HOST:PORT, where words before it were given
  const std::string& operations_url() const { return operations_url_; }
  const std::string& folder() const { return folder_; }
  pid_t process() const { return process_; }

 private:
  void start(const SpawnOptions& options);
  void write_files(const std::map<std::string, std::string>& files);
  std::string in_folder(std::string text) const;
  void wait_for_banner(const SpawnOptions& options);
  void read_banner(const std::string& banner);
  void read_address(const std::string& banner, const std::string& words);
  void stop();

  std::string folder_, url_, operations_url_;
  pid_t process_ = -1;
  int output_ = -1;
};

}  // namespace tickrelay::bench
