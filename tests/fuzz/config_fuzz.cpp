// A configuration file. What is taken is printed and read again, and is the same.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "relay/config.h"
#include "tests/fuzz/bytes.h"

namespace tickrelay::fuzz {
namespace {

// A file in memory with a path.
class File {
 public:
  explicit File(std::string_view text) : file_(memfd_create("config", MFD_CLOEXEC)) {
    if (file_ < 0 || write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }
  ~File() { close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

std::variant<Config, ConfigErrors> load(std::string_view text) {
  const File file(text);
  Flags flags;
  flags.config_path = file.path();
  return load_config(flags, {});
}

}  // namespace
}  // namespace tickrelay::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickrelay;
  const auto loaded = fuzz::load({reinterpret_cast<const char*>(data), size});
  const auto* config = std::get_if<Config>(&loaded);
  if (config == nullptr) return 0;
  const std::string printed = print_config(*config);
  const auto again = fuzz::load(printed);
  if (!std::holds_alternative<Config>(again) || print_config(std::get<Config>(again)) != printed) std::abort();
  return 0;
}
