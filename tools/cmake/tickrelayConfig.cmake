# find_package(tickrelay): the targets tickrelay::client and its siblings.

include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/TickrelayDependencies.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/tickrelayTargets.cmake")

# Only what the installed libraries link is looked for.
set(_tickrelay_needs "")
foreach(_library IN ITEMS client client_c relay)
  if(TARGET tickrelay::${_library})
    get_target_property(_links tickrelay::${_library} INTERFACE_LINK_LIBRARIES)
    string(REGEX MATCHALL "dep::[a-z0-9]+" _links "${_links}")
    list(APPEND _tickrelay_needs ${_links})
  endif()
endforeach()
list(TRANSFORM _tickrelay_needs REPLACE "dep::" "")
list(REMOVE_DUPLICATES _tickrelay_needs)
tickrelay_dependencies(${_tickrelay_needs})
