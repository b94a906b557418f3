# FlatBuffers schemas become headers and binary schemas under <build>/generated/schema/.
#
# A schema that another one includes (looked for beside it, then in schema/) is a dependency, and its header is made too.

find_program(TICKRELAY_FLATC flatc)
mark_as_advanced(TICKRELAY_FLATC)
if(NOT TICKRELAY_FLATC)
  message(FATAL_ERROR "Missing the schema compiler. Install it with:\n  apt-get install flatbuffers-compiler\n")
endif()

set(TICKRELAY_GENERATED "${CMAKE_BINARY_DIR}/generated")

function(_tickrelay_schema_includes schema result)
  set(found "")
  get_filename_component(folder "${schema}" DIRECTORY)
  file(STRINGS "${schema}" lines REGEX "^[ \t]*include[ \t]+\"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*\"(.*)\".*" "\\1" name "${line}")
    foreach(candidate IN ITEMS "${folder}/${name}" "${PROJECT_SOURCE_DIR}/schema/${name}")
      if(EXISTS "${candidate}")
        list(APPEND found "${candidate}")
        break()
      endif()
    endforeach()
  endforeach()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# One file from one schema, by a target of its own: two users of a schema share the rule.
function(_tickrelay_flatc rule output schema includes)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${schema}")
  get_filename_component(file "${output}" NAME)
  add_custom_command(OUTPUT "${output}"
    COMMAND "${TICKRELAY_FLATC}" ${ARGN} -I "${PROJECT_SOURCE_DIR}/schema"
            -o "${TICKRELAY_GENERATED}/schema" "${schema}"
    DEPENDS "${schema}" ${includes}
    COMMENT "Generating ${file}" VERBATIM)
  add_custom_target(${rule} DEPENDS "${output}")
endfunction()

function(_tickrelay_flatc_header target schema)
  get_filename_component(schema "${schema}" ABSOLUTE)
  get_filename_component(name "${schema}" NAME_WE)
  _tickrelay_schema_includes("${schema}" includes)
  if(NOT TARGET schema_${name}_header)
    _tickrelay_flatc(schema_${name}_header "${TICKRELAY_GENERATED}/schema/${name}_generated.h" "${schema}" "${includes}"
      --cpp --cpp-std c++17 --scoped-enums --gen-name-strings)
  endif()
  add_dependencies(${target} schema_${name}_header)
  foreach(include IN LISTS includes)
    _tickrelay_flatc_header(${target} "${include}")
  endforeach()
endfunction()

# tickrelay_flatc_cpp(t SCHEMAS a.fbs …): linking t gives #include "schema/a_generated.h".
function(tickrelay_flatc_cpp target)
  cmake_parse_arguments(arg "" "" "SCHEMAS" ${ARGN})
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE
    "$<BUILD_INTERFACE:${TICKRELAY_GENERATED}>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/tickrelay-relay>")
  target_link_libraries(${target} INTERFACE dep::flatbuffers)
  foreach(schema IN LISTS arg_SCHEMAS)
    _tickrelay_flatc_header(${target} "${schema}")
  endforeach()
endfunction()

# tickrelay_flatc_bfbs(t SCHEMAS a.fbs …): building t makes <build>/generated/schema/a.bfbs. Attributes that the schema
# declares (attribute "precision";) and doc comments are kept.
function(tickrelay_flatc_bfbs target)
  cmake_parse_arguments(arg "" "" "SCHEMAS" ${ARGN})
  add_custom_target(${target} ALL)
  foreach(schema IN LISTS arg_SCHEMAS)
    get_filename_component(schema "${schema}" ABSOLUTE)
    get_filename_component(name "${schema}" NAME_WE)
    _tickrelay_schema_includes("${schema}" includes)
    if(NOT TARGET schema_${name}_bfbs)
      _tickrelay_flatc(schema_${name}_bfbs "${TICKRELAY_GENERATED}/schema/${name}.bfbs" "${schema}" "${includes}"
        --binary --schema --bfbs-comments)
    endif()
    add_dependencies(${target} schema_${name}_bfbs)
  endforeach()
endfunction()
