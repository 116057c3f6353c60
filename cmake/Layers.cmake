# corchestra_layer(<name> [DEPENDS layer...] [PRIVATE target...] [PUBLIC target...])
# One static library per layer folder: lib/<name>/*.cpp, public headers in include/corchestra/<name>/.
# The table of who may include whom is the DEPENDS lists in lib/CMakeLists.txt; tests/architecture checks the sources against it.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

option(CORCHESTRA_WERROR "Treat warnings as errors" OFF)
add_library(corchestra_warnings INTERFACE)
target_compile_options(corchestra_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Woverloaded-virtual -Wno-missing-field-initializers
  # GCC's -Wnon-virtual-dtor fires on final classes that derive from boost::system::error_category, its plain -Wshadow on
  # enumerators of an enum class; GCC 14 gives the last two for the frames of correct coroutines
  $<$<CXX_COMPILER_ID:Clang>:-Wnon-virtual-dtor>
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local -Wno-mismatched-new-delete -Wno-maybe-uninitialized>
  # A unity build puts constants of other files in sight; GCC takes its sources for headers, which should not use types of their own.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  $<$<AND:$<CXX_COMPILER_ID:Clang>,$<NOT:$<BOOL:${CMAKE_UNITY_BUILD}>>>:-Wshadow>
  $<$<BOOL:${CORCHESTRA_WERROR}>:-Werror>)

function(corchestra_layer name)
  cmake_parse_arguments(arg "" "" "DEPENDS;PRIVATE;PUBLIC" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/corchestra/${name}/*.hpp)
  add_library(corchestra_${name} STATIC ${sources})
  add_library(corchestra::${name} ALIAS corchestra_${name})
  set_target_properties(corchestra_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(corchestra_${name} PUBLIC cxx_std_20)
  target_sources(corchestra_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  target_include_directories(corchestra_${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  list(TRANSFORM arg_DEPENDS PREPEND corchestra_)
  target_link_libraries(corchestra_${name}
    PUBLIC ${arg_DEPENDS} ${arg_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:corchestra_warnings> ${arg_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY CORCHESTRA_LAYERS ${name})
endfunction()
