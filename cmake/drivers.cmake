# SPDX-License-Identifier: Apache-2.0
# Drivers: one module and one manifest each.

# Reads the driver's own struct out of its module and writes its manifest.
add_executable(manifest ${CMAKE_SOURCE_DIR}/drivers/manifest/manifest.c)
target_link_libraries(manifest PRIVATE testconn_interface PkgConfig::JANSSON ${CMAKE_DL_LIBS})

# add_module(NAME FOLDER [PKG pkg-config-module...] [HEADERS pkg-config-module...] [LINK library...] SOURCES file...):
# FOLDER/NAME.so and FOLDER/NAME.json. Of HEADERS only the headers are used: the module loads the library when it needs
# it. LINK is for the libraries of src/ that are for modules: https.
function(add_module name folder)
  cmake_parse_arguments(ARG "" "" "PKG;HEADERS;LINK;SOURCES" ${ARGN})
  add_library(driver_${name} MODULE ${ARG_SOURCES})
  set_target_properties(driver_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${folder})
  target_link_libraries(driver_${name} PRIVATE testconn_interface ${ARG_LINK})
  foreach(package IN LISTS ARG_PKG)
    pkg_check_modules(PKG_${package} REQUIRED IMPORTED_TARGET ${package})
    target_link_libraries(driver_${name} PRIVATE PkgConfig::PKG_${package})
  endforeach()
  foreach(package IN LISTS ARG_HEADERS)
    pkg_check_modules(PKG_${package} REQUIRED ${package})
    target_include_directories(driver_${name} SYSTEM PRIVATE ${PKG_${package}_INCLUDE_DIRS})
  endforeach()
  add_custom_command(TARGET driver_${name} POST_BUILD
    COMMAND manifest $<TARGET_FILE:driver_${name}> ${folder}/${name}.json)
  add_dependencies(driver_${name} manifest)
endfunction()

# add_driver(NAME [PKG ...] [HEADERS ...] [LINK ...] [STUBS library...] [SOURCES more.c...] [AT_NEED tls.c...]
#            [PURE pure.c...] [PURE_PKG ...])
# drivers/NAME.c, the rest as add_module(). Of the libraries that PKG needs in turn, STUBS are not loaded (stubs.cmake), and
# OpenSSL, which AT_NEED ones use, when they do (delayed.cmake).
# PURE ones parse foreign bytes without connecting, with the libraries of PURE_PKG at most: unit tests and fuzz targets link
# them too (`parsers`).
add_library(parsers INTERFACE)
function(add_driver name)
  cmake_parse_arguments(ARG "" "" "PKG;HEADERS;LINK;STUBS;SOURCES;AT_NEED;PURE;PURE_PKG" ${ARGN})
  set(folder ${CMAKE_BINARY_DIR}/drivers)
  if(ARG_PURE)
    add_library(parsers_${name} STATIC ${ARG_PURE})
    target_include_directories(parsers_${name} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(parsers_${name} PRIVATE testconn_interface)
    foreach(package IN LISTS ARG_PURE_PKG)
      pkg_check_modules(PURE_${package} REQUIRED IMPORTED_TARGET ${package})
      target_link_libraries(parsers_${name} PUBLIC PkgConfig::PURE_${package})
    endforeach()
    target_link_libraries(parsers INTERFACE parsers_${name})
    list(APPEND ARG_LINK parsers_${name})
  endif()
  if(ARG_AT_NEED)
    add_library(at_need_${name} STATIC ${ARG_AT_NEED})
    target_link_libraries(at_need_${name} PUBLIC testconn_interface PkgConfig::OPENSSL)
    list(APPEND ARG_LINK at_need_${name})
  endif()
  add_module(${name} ${folder} PKG ${ARG_PKG} HEADERS ${ARG_HEADERS} LINK ${ARG_LINK} SOURCES ${name}.c ${ARG_SOURCES})
  if(ARG_AT_NEED)
    delay_openssl(driver_${name} at_need_${name})
  endif()
  foreach(stub IN LISTS ARG_STUBS)
    pkg_check_modules(PKG_${ARG_PKG} REQUIRED IMPORTED_TARGET ${ARG_PKG})
    stub_library(driver_${name} ${PKG_${ARG_PKG}_LINK_LIBRARIES} ${stub} ${folder})
  endforeach()
  install(TARGETS driver_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/testconn/drivers)
  install(FILES ${folder}/${name}.json DESTINATION ${CMAKE_INSTALL_LIBDIR}/testconn/drivers)
endfunction()
