// Which keys sign tickets, and where they come from: files and environment, never the command line. A set is loaded as a whole and then
// immutable; a reload makes another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "relay/door/signature.h"

namespace tickrelay {

inline constexpr std::size_t ticket_keys_max = 16;

class TicketKeys {
  public:
    struct Named {
        std::string kid;  // empty: for tokens that name none
        SigningKey key;
    };
    explicit TicketKeys(std::vector<Named> keys) : keys_(std::move(keys)) {}

    // A token that names no key means the one without a name, or the only one.
    [[nodiscard]] const Named* find(const std::optional<std::string>& kid) const;
    // The first that can; null: all are public.
    [[nodiscard]] const Named* signing() const;
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

  private:
    std::vector<Named> keys_;
};

// source: "file:PATH" or "env:NAME". The error names it and the remedy, never what it holds.
std::variant<SigningKey, std::string> load_key(std::string_view source);

// entries: "SOURCE" or "KID=SOURCE". Each kid once.
std::variant<TicketKeys, std::string> load_ticket_keys(std::span<const std::string> entries);

// The key of sessions in this folder, made there (0600) where there is none yet.
std::variant<SigningKey, std::string> key_kept_in(const std::string& folder);

}  // namespace tickrelay
