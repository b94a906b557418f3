# How every target of the project is compiled, tested and installed.

include(GNUInstallDirs)
include(GoogleTest)
include(CMakePackageConfigHelpers)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Line tables in release: a crash report names its lines, at little cost in size.
add_compile_options(-Wall -Wextra -Wpedantic $<$<CONFIG:Release>:-g1>)
# What g++'s optimiser believes of std::string and std::vector that cannot be (bug 105329 and its kin).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(TICKRELAY_WERROR)
  add_compile_options(-Werror)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# What Debian builds its own packages with, too: a fault in us should end the process, not hand it over. Sanitizers find more.
option(TICKRELAY_HARDEN "Stack protector, fortified libc calls, position-independent and read-only relocated programs" ON)
if(TICKRELAY_HARDEN AND NOT TICKRELAY_SANITIZE AND NOT TICKRELAY_FUZZ)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C CXX)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection
                      $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    add_compile_options(-fcf-protection)
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

find_program(TICKRELAY_CCACHE ccache)
mark_as_advanced(TICKRELAY_CCACHE)
if(TICKRELAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${TICKRELAY_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TICKRELAY_CCACHE}")
endif()

if(TICKRELAY_SANITIZE OR TICKRELAY_FUZZ)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1")   # lines are what its reports need; all of -g is a third of the compile time
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
endif()
if(TICKRELAY_SANITIZE STREQUAL "address")
  # A null pointer and a read past an object are the address sanitizer's to find, too; there are hardly any casts down a hierarchy.
  # The three are a quarter of the compile time.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,object-size,vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TICKRELAY_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan) # atomic_thread_fence: warned about inside the queue's header
  endif()
elseif(TICKRELAY_SANITIZE)
  message(FATAL_ERROR "TICKRELAY_SANITIZE is '${TICKRELAY_SANITIZE}', not empty, address or thread")
endif()

if(TICKRELAY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "TICKRELAY_FUZZ needs clang: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

# tickrelay_unity(t): where TICKRELAY_UNITY is on, up to eight sources are compiled as one. Most of a source's time goes into
# its headers. Presets that build from nothing have it on, `dev` has it off.
function(tickrelay_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${TICKRELAY_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(TICKRELAY_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A class with members of an anonymous namespace: fine in the file that is compiled, which is now one further out.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# tickrelay_unity_in_tests(t): the same where nothing is measured or shipped. The hot path is compiled file by file, as in `dev`:
# what is inlined there does not hang on who stands beside whom.
function(tickrelay_unity_in_tests target)
  if(TICKRELAY_SANITIZE OR TICKRELAY_FUZZ)
    tickrelay_unity(${target})
  endif()
endfunction()

# tickrelay_compile_fast(t): for what only tests run, compiling sooner counts more than running faster.
function(tickrelay_compile_fast target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1 -g0>)
endfunction()

# tickrelay_add_test(NAME n LABEL unit SOURCES a.cpp … [LIBRARIES t …] [TIMEOUT s] [TIMED] [ONE_THREAD])
# One GoogleTest program; each of its tests is a CTest entry and a process of its own. TIMED: it measures time, so it runs
# alone, and not where a sanitizer makes everything several times slower: there it counts as skipped. ONE_THREAD: it never
# starts a second one, so the thread sanitizer's build leaves it out.
function(tickrelay_add_test)
  cmake_parse_arguments(arg "TIMED;ONE_THREAD" "NAME;LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(properties LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT})
  if(arg_TIMED)
    list(APPEND properties RUN_SERIAL ON)
    if(TICKRELAY_SANITIZE)
      list(APPEND properties DISABLED ON)
    endif()
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  if(arg_ONE_THREAD AND TICKRELAY_SANITIZE STREQUAL "thread")
    set_target_properties(${arg_NAME} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  tickrelay_unity(${arg_NAME})
  tickrelay_compile_fast(${arg_NAME})
  if(TICKRELAY_SANITIZE STREQUAL "address" AND arg_LABEL STREQUAL "unit")
    # With all checks a third of the compile time at -O1. Tests of other kinds play in real time, or long.
    target_compile_options(${arg_NAME} PRIVATE -O0)
  endif()
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LIBRARIES} dep::gtest)
  gtest_discover_tests(${arg_NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

# tickrelay_add_fuzzer(NAME n SOURCES a.cpp … [LIBRARIES t …])
# Built with TICKRELAY_FUZZ only, into <build>/fuzz/<name>; its seeds are tests/fuzz/corpus/<name>/. Target fuzzers: all.
function(tickrelay_add_fuzzer)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LIBRARIES" ${ARGN})
  if(TICKRELAY_FUZZ)
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_link_libraries(${arg_NAME} PRIVATE ${arg_LIBRARIES})
    target_link_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${arg_NAME})
    # What is known stays read: its corpus, once.
    add_test(NAME fuzz_${arg_NAME} COMMAND ${arg_NAME} -runs=0 "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${arg_NAME}")
    set_tests_properties(fuzz_${arg_NAME} PROPERTIES LABELS fuzz)
  endif()
endfunction()

# tickrelay_install(TARGETS t … [PACKAGE relay] [HEADERS dir]): programs to bin/, libraries to lib/ and into
# find_package(tickrelay), there into the component PACKAGE (client); the headers under dir go to include/. Libraries are
# seen as tickrelay::<EXPORT_NAME>.
function(tickrelay_install)
  cmake_parse_arguments(arg "" "HEADERS;PACKAGE" "TARGETS" ${ARGN})
  if(NOT arg_PACKAGE)
    set(arg_PACKAGE client)
  endif()
  foreach(target IN LISTS arg_TARGETS)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    else()
      install(TARGETS ${target} EXPORT tickrelay_${arg_PACKAGE}
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    endif()
  endforeach()
  if(arg_HEADERS)
    install(DIRECTORY "${arg_HEADERS}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
  endif()
endfunction()

# Called once, last: what find_package(tickrelay) reads.
function(tickrelay_install_package)
  set(destination "${CMAKE_INSTALL_LIBDIR}/cmake/tickrelay")
  write_basic_package_version_file("${CMAKE_BINARY_DIR}/tickrelayConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  foreach(component IN ITEMS client relay)
    install(EXPORT tickrelay_${component} NAMESPACE tickrelay:: DESTINATION "${destination}"
      FILE tickrelayTargets-${component}.cmake)
  endforeach()
  install(FILES "${PROJECT_SOURCE_DIR}/tools/cmake/tickrelayConfig.cmake"
                "${PROJECT_SOURCE_DIR}/tools/cmake/TickrelayDependencies.cmake"
                "${CMAKE_BINARY_DIR}/tickrelayConfigVersion.cmake"
          DESTINATION "${destination}")
endfunction()
