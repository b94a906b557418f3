#pragma once
// What Linux says about a process: CPU time summed over its threads, memory.

#include <sys/types.h>

#include <cstdint>

namespace tickrelay::bench {

// Nanoseconds on a core, from /proc/PID/task/*/schedstat. Of threads that are alive. 0: no such process.
std::int64_t process_cpu_ns(pid_t process);
std::int64_t process_rss_kib(pid_t process);

// Of this process, all of it.
std::int64_t own_cpu_ns();

// The calling thread, and every one that it makes later. False where there is no such CPU.
bool pin_to_cpu(int cpu);

}  // namespace tickrelay::bench
