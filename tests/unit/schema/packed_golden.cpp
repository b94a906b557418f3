// Writes the golden frames of codec `packed`: packed_golden > tests/golden/packed.json. Only a change of the codec's bits,
// which is one of the protocol, changes them. With a number: those of so many random scenes, for other implementations to read.
#include <charconv>
#include <iostream>
#include <string_view>

#include "tests/unit/schema/packed_scenes.h"

int main(int argc, char** argv) {
  using namespace tickrelay::test;
  if (argc == 1) {
    std::cout << golden_text(scenes());
    return 0;
  }
  const std::string_view text = argv[1];
  int count = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc{} || count < 1) {
    std::cerr << "packed_golden [COUNT]\n";
    return 2;
  }
  std::vector<Scene> random;
  for (int i = 0; i < count; ++i) random.push_back(random_scene(static_cast<std::uint64_t>(1000 + i)));
  std::cout << golden_text(random);
  return 0;
}
