# cmake -DBUILD=… -DEXAMPLE=… -DWORK=… -DGENERATOR=… [-DBUILD_TYPE=…] [-DSANITIZE=…] -P installed_sdk.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN} failed:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")

set(flags "")
if(SANITIZE STREQUAL "address")
  set(flags "-fsanitize=address,undefined")
elseif(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${EXAMPLE}" -B "${WORK}/build" "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}"
  "-DCMAKE_CXX_FLAGS=${flags}")
run("${CMAKE_COMMAND}" --build "${WORK}/build")

# Nobody listens on port 1: the program says so and ends.
execute_process(COMMAND "${WORK}/build/dots" ws://127.0.0.1:1 1 RESULT_VARIABLE result OUTPUT_VARIABLE output)
if(NOT result EQUAL 1 OR NOT output MATCHES "left \\(1006")
  message(FATAL_ERROR "dots gave ${result}: ${output}")
endif()
file(GLOB_RECURSE leaked "${WORK}/prefix/include/tickrelay/*protocol*")
if(leaked)
  message(FATAL_ERROR "the wire's classes are installed: ${leaked}")
endif()
