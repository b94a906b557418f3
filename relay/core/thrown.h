// What was thrown, in words: a room's logic is somebody else's code, and C++ lets it throw anything. Pure.
#pragma once

#include <exception>
#include <string>

namespace tickrelay {

// REQUIRES: within a handler. Throws nothing: where there is no memory for its words, there are none.
inline std::string thrown() noexcept {
    try {
        try {
            throw;
        } catch (const std::exception& error) {
            return error.what();
        } catch (...) {
            return "it threw what is no std::exception";
        }
    } catch (...) {
        return {};
    }
}

}  // namespace tickrelay
