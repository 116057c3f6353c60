# g++ 12 miscompiles ordinary coroutine code (double frees of temporaries in co_await expressions): see docs/design/compilers.md.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "corchestra 0.1 runs on Linux only (pidfd, epoll, /proc)")
endif()
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
   OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16))
  message(FATAL_ERROR
    "corchestra needs Clang >= 16 or GCC >= 14, and this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}: "
    "older ones compile C++20 coroutines into programs that free memory twice, or crash over them.\n"
    "Run scripts/setup, then configure with -DCMAKE_CXX_COMPILER=clang++-19 on Debian 12, clang++-18 on Ubuntu 24.04 (scripts/build does both).")
endif()
