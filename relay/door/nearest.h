// "Did you mean …?" for keys, methods and parameters. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tickrelay {

// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
inline std::size_t edits_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

// The nearest of the known words, or empty where none is near.
template <typename Words>
std::string nearest(std::string_view word, const Words& known) {
    if (word.size() > 64) return {};
    std::string best;
    std::size_t best_edits = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : known) {
        const std::string_view name = candidate;
        const bool extends = word.size() >= 3 && (name.starts_with(word) || word.starts_with(name)) && name.size() >= 3;
        const std::size_t edits = extends ? 1 : edits_between(word, name);
        if (edits < best_edits) {
            best_edits = edits;
            best = name;
        }
    }
    return best;
}

}  // namespace tickrelay
