// The secret that whoever connects to the admin socket over TCP must know. Pure but for the file, which is read anew each
// time: a changed one counts at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tickrelay {

inline constexpr std::size_t admin_token_min = 32;     // characters
inline constexpr std::size_t admin_token_max = 1'024;

// Why this file cannot be used, and the remedy; empty: it can.
std::string check_admin_token(const std::string& path);

// Whether `line`, the first of a connection, is the method auth with the file's token; `answer` is what to send back.
// Takes the same time whatever a wrong token has in common with the right one.
bool answer_auth(std::string_view line, const std::string& path, std::string& answer);

}  // namespace tickrelay
