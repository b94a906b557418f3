#include "relay/door/refusal_log.h"

#include <gtest/gtest.h>

#include "addresses.h"

namespace tickrelay {
namespace {

using test::address;
using test::nth;
using test::second;

TEST(RefusalLog, NamesAnAddressOnceAndThenHowOftenItCame) {
    RefusalLog log;
    EXPECT_EQ(log.note(nth(1), 0), 1U);
    for (int i = 0; i < 999; ++i) EXPECT_EQ(log.note(nth(1), second), 0U);
    EXPECT_EQ(log.note(nth(1), 11 * second), 1'000U);
}

TEST(RefusalLog, AFloodOfAddressesFillsNeitherTheLogNorMemory) {
    RefusalLog log;
    int lines = 0;
    for (std::uint32_t n = 0; n < 100'000; ++n) lines += log.note(nth(n), n * 100'000LL) != 0;  // ten seconds
    EXPECT_LE(lines, 110);
    EXPECT_GE(lines, 90);
}

}  // namespace
}  // namespace tickrelay
