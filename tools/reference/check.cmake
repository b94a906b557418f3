# cmake -DPROGRAM=… -DREFERENCE=… -P check.cmake
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE made COMMAND_ERROR_IS_FATAL ANY)
file(READ "${REFERENCE}" kept)
if(NOT made STREQUAL kept)
  message(FATAL_ERROR "relay/REFERENCE.md is not what the code says. Make it anew: ${PROGRAM} > ${REFERENCE}")
endif()
