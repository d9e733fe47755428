# SPDX-License-Identifier: Apache-2.0
# The manual page and the completion scripts, made by the program from the tables that its --help comes from.
# As a script (cmake -P): put what PROGRAM says of its commands into TEMPLATE, and write PAGE.

if(CMAKE_SCRIPT_MODE_FILE)
  cmake_minimum_required(VERSION 3.25)
  execute_process(COMMAND ${PROGRAM} completion man OUTPUT_VARIABLE commands COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${TEMPLATE} text)
  string(STRIP "${commands}" commands)
  string(REPLACE "@COMMANDS@" "${commands}" text "${text}")
  string(REPLACE "@VERSION@" "${VERSION}" text "${text}")
  file(WRITE ${PAGE} "${text}")
  return()
endif()

set(manual ${CMAKE_BINARY_DIR}/share/man/testconn.1)
set(completions ${CMAKE_BINARY_DIR}/share/completions)
set(template ${CMAKE_SOURCE_DIR}/share/man/testconn.1.in)
file(MAKE_DIRECTORY ${completions} ${CMAKE_BINARY_DIR}/share/man)
add_custom_command(OUTPUT ${manual} ${completions}/testconn ${completions}/_testconn
  COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:testconn> -D TEMPLATE=${template} -D PAGE=${manual}
    -D VERSION=${PROJECT_VERSION} -P ${CMAKE_CURRENT_LIST_FILE}
  COMMAND testconn completion bash > ${completions}/testconn
  COMMAND testconn completion zsh > ${completions}/_testconn
  DEPENDS testconn ${template} ${CMAKE_CURRENT_LIST_FILE} VERBATIM)
add_custom_target(manual ALL DEPENDS ${manual})

install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${completions}/testconn DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/_testconn DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
