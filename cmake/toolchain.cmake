# Compiler flags, sanitizers, ccache and the linker: one place for every target.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(ELANUS_SANITIZE "" CACHE STRING "address (with undefined), thread, or empty")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
if(ELANUS_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# The baseline every x86-64 server of the last ten years runs. Wider instruction sets are chosen at
# run time, file by file (src/simd, src/vindex), never globally.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=x86-64-v2 -mtune=generic)
endif()

if(ELANUS_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  # GCC 12 sees uninitialised variants and optionals where the sanitizer's own code hides the writes.
  add_compile_options(-Wno-maybe-uninitialized)
elseif(ELANUS_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

# Fuzzers (tests/fuzz) need clang: every library is instrumented, each target links the engine.
option(ELANUS_FUZZ "build the fuzz targets with libFuzzer (clang only)" OFF)
if(ELANUS_FUZZ)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# Options that silence warnings of GCC are noise to clang; the sort of libstdc++ 12 itself calls
# what libstdc++ deprecates.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-unknown-warning-option -Wno-deprecated-declarations)
endif()

# Crash tests must fail when this is on: it proves that they notice a missing fdatasync.
option(ELANUS_UNSAFE_NO_SYNC "leave out every fdatasync and fsync (proof build only)" OFF)
if(ELANUS_UNSAFE_NO_SYNC)
  add_compile_definitions(ELANUS_UNSAFE_NO_SYNC)
endif()

set(ELANUS_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
    -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A template may capture what one of its forms does not use.
  list(APPEND ELANUS_WARNINGS -Wno-unused-lambda-capture)
endif()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
