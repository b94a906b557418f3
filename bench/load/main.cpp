// tickrelay-bench: puts a load on a relay and measures what its players see.

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/load/commands.h"
#include "bench/load/process_stats.h"
#include "bench/net/clock.h"

namespace tickrelay::bench {

void add_server_flags(CommandLine& app, ServerChoice& choice) {
  const Option url = app.add("--url", choice.url, "a server that runs: ws://HOST:PORT or wss://HOST:PORT");
  app.add("--spawn", choice.spawn, "start a tickrelay for this load (default without --url)").excludes(url);
  app.add("--server", choice.program, "the program that --spawn starts").excludes(url);
  app.add("--server-arg", choice.arguments, "a further argument for it; may be repeated").excludes(url);
  const Option floor = app.add("--floor", choice.floor, "start the bare epoll relay instead: eager, lazy or stagger")
                           .among({"eager", "lazy", "stagger"})
                           .excludes(url);
  app.add("--admin", choice.admin_path, "admin socket of the server at --url: rooms are spawned there").needs(url);
  app.add("--ops-url", choice.operations_url, "http://HOST:PORT of its operations port");
  app.add("--server-pid", choice.process, "its process, for CPU and memory").needs(url);
  app.add("--tls", choice.tls, "the started server speaks TLS, with a certificate made for it").excludes(url).excludes(floor);
  app.add("--ca", choice.ca_file, "certificates in PEM to trust at a wss:// URL; default the system's").needs(url);
  app.add("--insecure", choice.insecure, "take any certificate at a wss:// URL").needs(url);
  app.add("--pin", choice.pin, "started server on CPU 0, this program on CPU 1");
}

std::int64_t parse_duration_ns(const std::string& text) {
  std::size_t used = 0;
  double number = -1;
  try {
    number = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = text.substr(used);
  const double scale = unit == "ms" ? 1e6 : unit.empty() || unit == "s" ? 1e9 : unit == "m" ? 60e9 : 0;
  if (used == 0 || scale == 0 || !(number >= 0) || number * scale > 86'400e9) {
    throw UsageError("'" + text + "' is no duration like 30s, 500ms or 2m");
  }
  return static_cast<std::int64_t>(number * scale);
}

Recording load_recording(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return Recording::parse({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// One line that is written over on a terminal, a line each elsewhere.
Progress show_progress() {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return [terminal](const std::string& line) {
    std::fprintf(stderr, terminal ? "\r\x1b[K%s" : "%s\n", line.c_str());
    if (terminal && line.empty()) std::fprintf(stderr, "\r\x1b[K");
  };
}

void prepare(const ServerChoice& choice) {
  raise_descriptor_limit();
  prctl(PR_SET_TIMERSLACK, 1);
  if (choice.pin && !pin_to_cpu(1)) throw std::runtime_error("--pin needs two CPUs");
}

void write_text(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  if (!(std::ofstream(path) << text)) throw std::runtime_error("cannot write " + path);
}

void write_report(const std::string& path, const Json& report) { write_text(path, report.dump(2) + "\n"); }

}  // namespace tickrelay::bench

int main(int count, char** arguments) {
  using namespace tickrelay::bench;
  CommandLine app("tickrelay-bench", "Puts a load on a relay and measures what its players see.");
  app.help_on_error();
  app.command("run", "rooms of players that move; latency, state age, bytes and CPU", add_run);
  app.command("capacity", "searches the most rooms that hold a latency", add_capacity);
  app.command("codec", "bytes and time a tick of recorded state, by the relay's own encoder", add_codec);
  app.command("replay", "a recorded trace as a live room", add_replay);
  app.command("scale", "curves over players, rooms, entities, rates and connections; what one more of each costs", add_scale);
  app.command("storm", "everybody joins, is dropped at once and comes back", add_storm);
  return app.run(count, arguments);
}
