# FlatBuffers schemas become headers and binary schemas under <build>/generated/schema/.
#
# Every schema named by an `include` is looked for in schema/ and counts as a dependency.

find_program(TICKRELAY_FLATC flatc)
mark_as_advanced(TICKRELAY_FLATC)
if(NOT TICKRELAY_FLATC)
  message(FATAL_ERROR "Missing the schema compiler. Install it with:\n  apt-get install flatbuffers-compiler\n")
endif()

set(TICKRELAY_GENERATED "${CMAKE_BINARY_DIR}/generated")

function(_tickrelay_schema_includes schema result)
  set(found "")
  file(STRINGS "${schema}" lines REGEX "^[ \t]*include[ \t]+\"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*\"(.*)\".*" "${PROJECT_SOURCE_DIR}/schema/\\1" path "${line}")
    if(EXISTS "${path}")
      list(APPEND found "${path}")
    endif()
  endforeach()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

function(_tickrelay_flatc result suffix comment)
  cmake_parse_arguments(arg "" "" "FLAGS;SCHEMAS" ${ARGN})
  set(outputs "")
  foreach(schema IN LISTS arg_SCHEMAS)
    get_filename_component(schema "${schema}" ABSOLUTE)
    get_filename_component(name "${schema}" NAME_WE)
    set(output "${TICKRELAY_GENERATED}/schema/${name}${suffix}")
    _tickrelay_schema_includes("${schema}" includes)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${schema}")
    add_custom_command(OUTPUT "${output}"
      COMMAND "${TICKRELAY_FLATC}" ${arg_FLAGS} -I "${PROJECT_SOURCE_DIR}/schema"
              -o "${TICKRELAY_GENERATED}/schema" "${schema}"
      DEPENDS "${schema}" ${includes}
      COMMENT "${comment} ${name}${suffix}" VERBATIM)
    list(APPEND outputs "${output}")
  endforeach()
  set(${result} "${outputs}" PARENT_SCOPE)
endfunction()

# tickrelay_flatc_cpp(t SCHEMAS a.fbs …): linking t gives #include "schema/a_generated.h".
# A schema that another one includes must be generated too, in the same or another target of this kind.
function(tickrelay_flatc_cpp target)
  cmake_parse_arguments(arg "" "" "SCHEMAS" ${ARGN})
  _tickrelay_flatc(headers _generated.h "Generating" SCHEMAS ${arg_SCHEMAS}
    FLAGS --cpp --cpp-std c++17 --scoped-enums --gen-name-strings)
  add_custom_target(${target}_headers DEPENDS ${headers})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_headers)
  target_include_directories(${target} SYSTEM INTERFACE
    "$<BUILD_INTERFACE:${TICKRELAY_GENERATED}>" "$<INSTALL_INTERFACE:include/tickrelay>")
  target_link_libraries(${target} INTERFACE dep::flatbuffers)
  set_target_properties(${target} PROPERTIES TICKRELAY_FILES "${headers}")
endfunction()

# tickrelay_flatc_bfbs(t SCHEMAS a.fbs …): building t makes <build>/generated/schema/a.bfbs. Attributes that the
# schema declares (attribute "precision";) and doc comments are kept.
function(tickrelay_flatc_bfbs target)
  cmake_parse_arguments(arg "" "" "SCHEMAS" ${ARGN})
  _tickrelay_flatc(files .bfbs "Generating" SCHEMAS ${arg_SCHEMAS} FLAGS --binary --schema --bfbs-comments)
  add_custom_target(${target} ALL DEPENDS ${files})
  set_target_properties(${target} PROPERTIES TICKRELAY_FILES "${files}")
endfunction()
