// tickrelay-micro: what the relay's parts cost. Flags are Google Benchmark's: --benchmark_filter=encode …

#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
