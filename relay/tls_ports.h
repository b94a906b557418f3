// TLS of all ports of one relay, by its configuration: who has it, and that renewed files are taken.
// Owner: relay.cpp. load() before there are threads; then look() by one thread every few seconds and reload() by any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "relay/options.h"
#include "relay/stats.h"
#include "relay/tls.h"

namespace tickrelay {

enum class TlsPort : std::uint8_t { players, operations, admin };

// What this port's TLS is made of; no value: it has none.
std::optional<TlsSettings> tls_settings(const Options& options, TlsPort port);

// Reads every file that the configuration names and forgets it again. An error text, or empty.
std::string check_tls_files(const Options& options);

class TlsPorts {
  public:
    explicit TlsPorts(StatsShard& stats) : stats_(stats) {}

    [[nodiscard]] std::optional<std::string> load(const Options& options);
    [[nodiscard]] Tls* of(TlsPort port) const { return ports_[static_cast<std::size_t>(port)].get(); }  // null: none

    void look();                          // takes files that have changed, and counts
    void reload(const Options& options);  // SIGHUP: other paths, or the same anew. What fails is logged, and nothing changes

  private:
    void publish();
    void took(TlsPort port, const std::optional<std::string>& error) const;

    StatsShard& stats_;
    std::mutex mutex_;
    std::array<std::unique_ptr<Tls>, 3> ports_;
    Tls::Figures published_;
};

}  // namespace tickrelay
