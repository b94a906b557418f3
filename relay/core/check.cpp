#include "relay/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace tickrelay {

void check_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "tickrelay: CHECK failed: %s at %s:%d\n", condition, file, line);
    std::abort();
}

}  // namespace tickrelay
