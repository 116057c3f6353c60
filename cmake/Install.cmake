# cmake --install: headers, libraries, the program and a package for find_package(corchestra [COMPONENTS layer...]).
# Two export sets, so that who asks for engine layers only needs neither OpenSSL nor yaml-cpp.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/corchestra)
set(engine_layers base async core runtime monitor)
get_property(layers GLOBAL PROPERTY CORCHESTRA_LAYERS)

foreach(layer ${layers})
  if(layer IN_LIST engine_layers)
    list(APPEND engine_targets corchestra_${layer})
  else()
    list(APPEND full_targets corchestra_${layer})
  endif()
endforeach()
install(TARGETS corchestra_boost ${engine_targets} EXPORT corchestraEngineTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS corchestra_boost_tls ${full_targets} corchestra EXPORT corchestraTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT corchestraEngineTargets NAMESPACE corchestra:: DESTINATION ${package_dir})
install(EXPORT corchestraTargets NAMESPACE corchestra:: DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET corchestra_program)
  install(TARGETS corchestra_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/corchestraConfig.cmake.in
  ${PROJECT_BINARY_DIR}/corchestraConfig.cmake INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/corchestraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/corchestraConfig.cmake ${PROJECT_BINARY_DIR}/corchestraConfigVersion.cmake
  DESTINATION ${package_dir})
