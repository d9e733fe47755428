# SPDX-License-Identifier: Apache-2.0
# Kinds of catalogs: one module each, loaded only by who opens such a catalog.

# add_catalog(NAME TARGET...): src/catalog/NAME/*.c becomes catalogs/NAME.so
function(add_catalog name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/catalog/${name}/*.c)
  add_library(catalog_${name} MODULE ${sources})
  set_target_properties(catalog_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/catalogs)
  target_link_libraries(catalog_${name} PRIVATE catalog ${ARGN})
  # The module's copies of what it shares with the program are its own.
  target_link_options(catalog_${name} PRIVATE -Wl,--exclude-libs,ALL)
  install(TARGETS catalog_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/testconn/catalogs)
endfunction()

add_catalog(sqlite PkgConfig::SQLITE)
add_catalog(glue)
add_catalog(postgresql PkgConfig::PQ)
