# One folder = one module = one static library = one namespace.
#
#   elanus_module(wal DEPS base sys LIBS zstd)
#
# builds libelanus_wal from src/wal/*.cc and the program wal_test from src/wal/*_test.cc (GoogleTest).
# DEPS are modules and must stand on a lower floor; LIBS are foreign libraries, which only the owner
# of the fence may name (tools/check_floors.py checks includes as well).

# Floors, lowest first. Modules on one line do not see each other.
set(ELANUS_FLOORS
    "base"
    "sys,simd"
    "config,json,regex,calendar,geometry,http"
    "schema,codec,analyzer"
    "object,catalog,wal,expr,postings,embedding"
    "vindex,scalar_index"
    "function"
    "segment"
    "roles"
    "reduce"
    "streaming,querynode,datanode,coord"
    "proxy"
    "wire"
    "loadgen"
    "main")

set(ELANUS_MODULES "")
set(_floor 0)
foreach(line IN LISTS ELANUS_FLOORS)
  string(REPLACE "," ";" names "${line}")
  foreach(name IN LISTS names)
    list(APPEND ELANUS_MODULES ${name})
    set(ELANUS_FLOOR_${name} ${_floor})
  endforeach()
  math(EXPR _floor "${_floor} + 1")
endforeach()

function(elanus_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/program/")  # an executable, added by its own line
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  if(sources)
    add_library(elanus_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(elanus_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(elanus_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  foreach(dep IN LISTS ARG_DEPS)
    if(NOT ELANUS_FLOOR_${dep} LESS ELANUS_FLOOR_${name})
      message(FATAL_ERROR "module ${name} may not depend on ${dep}: it is not on a lower floor")
    endif()
    target_link_libraries(elanus_${name} ${scope} elanus_${dep})
  endforeach()
  target_link_libraries(elanus_${name} ${scope} ${ARG_LIBS} Threads::Threads)
  if(sources)
    target_compile_options(elanus_${name} PRIVATE ${ELANUS_WARNINGS})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE elanus_${name} GTest::gtest GTest::gtest_main)
    target_compile_options(${name}_test PRIVATE ${ELANUS_WARNINGS})
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
