#include "bench/load/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "bench/load/process_stats.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {
namespace {

constexpr std::int64_t banner_patience_ns = 20 * second_ns;
constexpr std::int64_t stop_patience_ns = 5 * second_ns;

std::string beside_this_program(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename(program).string();
}

std::string make_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "tickrelay-bench-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a folder in the temporary directory");
  return path;
}

// Every URL that the text names, without what ends it.
std::vector<std::string> urls_in(const std::string& text, std::string_view scheme) {
  std::vector<std::string> found;
  for (std::size_t place = text.find(scheme); place != std::string::npos; place = text.find(scheme, place + 1)) {
    found.push_back(text.substr(place, text.find_first_of(" \t\r\n,)\"'", place) - place));
  }
  return found;
}

std::string authority(std::string_view url) {
  const std::size_t start = url.find("://") + 3;
  return std::string(url.substr(start, url.find('/', start) - start));
}

std::string port(std::string_view url) {
  const std::string host = authority(url);
  return host.substr(host.rfind(':') + 1);
}

}  // namespace

ServerProcess::ServerProcess(const SpawnOptions& options) : folder_(make_folder()) {
  try {
    write_files(options.files);
    start(options);
    wait_for_banner(options);
  } catch (...) {
    stop();
    throw;
  }
}

ServerProcess::~ServerProcess() { stop(); }

std::string ServerProcess::in_folder(std::string text) const {
  constexpr std::string_view word = "FOLDER";
  for (std::size_t at; (at = text.find(word)) != std::string::npos;) text.replace(at, word.size(), folder_);
  return text;
}

// For this user alone: a relay refuses a key that others may read.
void ServerProcess::write_files(const std::map<std::string, std::string>& files) {
  using std::filesystem::perms;
  for (const auto& [name, content] : files) {
    std::ofstream file(folder_ + "/" + name, std::ios::binary);
    std::filesystem::permissions(folder_ + "/" + name, perms::owner_read | perms::owner_write);
    if (!(file << (name.ends_with(".toml") ? in_folder(content) : content))) {
      throw std::runtime_error("cannot write into " + folder_);
    }
  }
}

void ServerProcess::start(const SpawnOptions& options) {
  const std::string program = beside_this_program(options.program);
  if (access(program.c_str(), X_OK) != 0) throw std::runtime_error("there is no program " + program);
  std::vector<std::string> words{program};
  for (const std::string& argument : options.arguments) words.push_back(in_folder(argument));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> pipe_ends;
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  output_ = pipe_ends[0];
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(pipe_ends[1], options.banner_on_errors ? STDERR_FILENO : STDOUT_FILENO);
    if (options.cpu >= 0) pin_to_cpu(options.cpu);
    execv(program.c_str(), arguments.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  if (process_ < 0) throw std::runtime_error("cannot start a process");
}

void ServerProcess::wait_for_banner(const SpawnOptions& options) {
  std::string banner;
  const std::int64_t give_up_ns = now_ns() + banner_patience_ns;
  while (banner.find(options.ready_line) == std::string::npos) {
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    const std::int64_t left_ms = (give_up_ns - now_ns()) / ms_ns;
    std::array<char, 4'096> part;
    const bool came = left_ms > 0 && ::poll(&ready, 1, static_cast<int>(left_ms)) > 0;
    const ssize_t count = came ? ::read(output_, part.data(), part.size()) : 0;
    if (count <= 0) throw std::runtime_error("the server did not start; it said:\n" + banner);
    banner.append(part.data(), static_cast<std::size_t>(count));
  }
  options.address_after.empty() ? read_banner(banner) : read_address(banner, options.address_after);
}

void ServerProcess::read_address(const std::string& banner, const std::string& words) {
  const std::size_t at = banner.find(words);
  if (at == std::string::npos) throw std::runtime_error("the server's banner does not say where it listens:\n" + banner);
  const std::size_t start = at + words.size();
  url_ = banner.substr(start, banner.find_first_of(" \t\r\n", start) - start);
}

// The players' URL is the first ws:// or wss://; operations are on the http:// URL with another port.
void ServerProcess::read_banner(const std::string& banner) {
  std::vector<std::string> sockets = urls_in(banner, "ws://");
  if (sockets.empty()) sockets = urls_in(banner, "wss://");
  if (sockets.empty()) throw std::runtime_error("the server's banner names no ws:// URL:\n" + banner);
  url_ = sockets.front();
  for (const std::string& url : urls_in(banner, "http://")) {
    if (port(url) != port(url_)) operations_url_ = "http://" + authority(url);
  }
}

void ServerProcess::stop() {
  if (process_ > 0) {
    kill(process_, SIGTERM);
    const std::int64_t give_up_ns = now_ns() + stop_patience_ns;
    bool killed = false;
    while (waitpid(process_, nullptr, WNOHANG) == 0) {
      // Twice: the first drains, the second stops.
      if (!killed && now_ns() > give_up_ns) kill(process_, SIGKILL), killed = true;
      if (!killed) kill(process_, SIGTERM);
      sleep_until_ns(now_ns() + 20 * ms_ns);
    }
    process_ = -1;
  }
  if (output_ >= 0) close(output_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace tickrelay::bench
