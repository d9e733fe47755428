# SPDX-License-Identifier: Apache-2.0
# One static library per folder of src/, which sees the headers of what it links and nothing else.

# add_folder_library(NAME DEPENDENCY...): src/NAME/*.c
function(add_folder_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR}/src/${name})
    target_link_libraries(${name} INTERFACE ${ARGN})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src/${name})
  target_link_libraries(${name} PUBLIC ${ARGN})
endfunction()

# add_folder_program(NAME FOLDER LIBRARY...): the program; it exports what modules need, no more.
function(add_folder_program name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.c)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN})
  export_interface(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  install(TARGETS ${name})
endfunction()

# Export the symbols of src/exports.list, also those that the program itself does not call: modules do.
function(export_interface name)
  set(list ${CMAKE_SOURCE_DIR}/src/exports.list)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  file(READ ${list} text)
  string(REGEX MATCHALL "[a-z_]+;" symbols "${text}")
  foreach(symbol IN LISTS symbols)
    target_link_options(${name} PRIVATE -Wl,--undefined=${symbol})
  endforeach()
  target_link_options(${name} PRIVATE -Wl,--dynamic-list=${list})
  target_link_libraries(${name} PRIVATE kit ${CMAKE_DL_LIBS})
  set_target_properties(${name} PROPERTIES LINK_DEPENDS ${list})
endfunction()
