# SPDX-License-Identifier: Apache-2.0
# A stub is an empty library that bears the name of one which a client library links and no test ever calls. A module that
# names it first has it loaded in place of the real one, and spares what that drags in: libldap, which libpq has for service
# files, costs eleven libraries and half of libpq's loading.

# All functions of LIBRARY, a file, as one that does nothing: SOURCE, and MAP with the versions they are asked for by.
function(write_stub library source map)
  execute_process(COMMAND ${CMAKE_NM} -D --defined-only ${library} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL " T [A-Za-z0-9_]+@@[A-Za-z0-9_.]+" functions "${symbols}")
  set(lines "")
  set(versions "")
  foreach(function IN LISTS functions)
    string(REGEX MATCH "^ T (.*)@@(.*)$" unused "${function}")
    string(APPEND lines "ABSENT(${CMAKE_MATCH_1})\n")
    list(APPEND versions ${CMAKE_MATCH_2})
    list(APPEND names_${CMAKE_MATCH_2} ${CMAKE_MATCH_1})
  endforeach()
  list(REMOVE_DUPLICATES versions)
  set(nodes "")
  foreach(version IN LISTS versions)
    list(JOIN names_${version} "; " names)
    string(APPEND nodes "${version} { global: ${names}; };\n")
  endforeach()
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "/* The functions of ${library}, absent. */
void *absent(void);
__attribute__((visibility(\"default\"))) void *absent(void) { return (void *)0; }
#define ABSENT(name) extern __attribute__((visibility(\"default\"), alias(\"absent\"))) void *name(void);
${lines}")
  file(CONFIGURE OUTPUT ${map} @ONLY CONTENT "${nodes}")
endfunction()

# stub_library(MODULE CLIENT NAME FOLDER): where CLIENT, a library's file, needs NAME*.so.*, MODULE loads FOLDER/stubs/ it.
function(stub_library module client name folder)
  execute_process(COMMAND ldd ${client} OUTPUT_VARIABLE needed ERROR_QUIET)
  if(NOT needed MATCHES "(${name}[^ ]*\\.so[^ ]*) => (/[^ ]+)")
    message(STATUS "${client} needs no ${name}: no stub of it")
    return()
  endif()
  set(soname ${CMAKE_MATCH_1})
  set(source ${CMAKE_BINARY_DIR}/stubs/${name})
  write_stub(${CMAKE_MATCH_2} ${source}.c ${source}.map)
  add_library(stub_${name} SHARED ${source}.c)
  set_target_properties(stub_${name} PROPERTIES PREFIX "" SUFFIX "" OUTPUT_NAME ${soname}
    LIBRARY_OUTPUT_DIRECTORY ${folder}/stubs LINK_DEPENDS ${source}.map)
  target_link_options(stub_${name} PRIVATE -Wl,--version-script=${source}.map)
  add_dependencies(${module} stub_${name})
  target_link_options(${module} PRIVATE -Wl,--push-state,--no-as-needed $<TARGET_FILE:stub_${name}> -Wl,--pop-state)
  set_target_properties(${module} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/stubs")
  install(TARGETS stub_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/testconn/drivers/stubs)
endfunction()
