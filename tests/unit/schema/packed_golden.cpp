// Writes the golden frames of codec `packed`: packed_golden > tests/golden/packed.json. Only a change of the codec's bits,
// which is one of the protocol, changes them.
#include <iostream>

#include "tests/unit/schema/packed_scenes.h"

int main() { std::cout << tickrelay::test::golden_text(); }
