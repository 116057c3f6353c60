# corchestra_layer(<name> [DEPENDS layer...] [PRIVATE target...] [PUBLIC target...])
# One static library per layer folder: lib/<name>/*.cpp, public headers in include/corchestra/<name>/.
# The table of who may include whom is the DEPENDS lists in lib/CMakeLists.txt; tests/architecture checks the sources against it.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # With precompiled headers ccache must be told that it may ignore their defines and times.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-instantiate-templates>)
  if(CCACHE_PROGRAM)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
  endif()
endif()

add_library(corchestra_warnings INTERFACE)
target_compile_options(corchestra_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
  # noisy on awaitable frames (GCC 13, 14): kept visible as notes of the optimiser, not as errors
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete -Wno-maybe-uninitialized>
  $<$<BOOL:${CORCHESTRA_WERROR}>:-Werror>)

function(corchestra_layer name)
  cmake_parse_arguments(arg "" "" "DEPENDS;PRIVATE;PUBLIC" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(NOT sources)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp)
  endif()
  add_library(corchestra_${name} STATIC ${sources})
  add_library(corchestra::${name} ALIAS corchestra_${name})
  set_target_properties(corchestra_${name} PROPERTIES EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_compile_features(corchestra_${name} PUBLIC cxx_std_20)
  target_include_directories(corchestra_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  list(TRANSFORM arg_DEPENDS PREPEND corchestra_)
  target_link_libraries(corchestra_${name}
    PUBLIC ${arg_DEPENDS} ${arg_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:corchestra_warnings> ${arg_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY CORCHESTRA_LAYERS ${name})
endfunction()
