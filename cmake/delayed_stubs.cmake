# SPDX-License-Identifier: Apache-2.0
# cmake -D NM=... -D ARCHIVES=... -D LIBRARIES=... -D OUT=FILE.S -P delayed_stubs.cmake: a stub for each function of LIBRARIES
# that ARCHIVES use.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${NM} -D --defined-only ${LIBRARIES} OUTPUT_VARIABLE theirs COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${NM} -u ${ARCHIVES} OUTPUT_VARIABLE wanted COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " T [A-Za-z0-9_]+" theirs "${theirs}")
list(TRANSFORM theirs REPLACE "^ T " "")
string(REGEX MATCHALL " U [A-Za-z0-9_]+" wanted "${wanted}")
list(TRANSFORM wanted REPLACE "^ U " "")
list(REMOVE_DUPLICATES wanted)
list(SORT wanted)
set(text "/* Made by delayed_stubs.cmake. */\n#include \"x86_64.S\"\n")
foreach(name IN LISTS wanted)
  if(name IN_LIST theirs)
    string(APPEND text "DELAYED ${name}\n")
  endif()
endforeach()
file(WRITE ${OUT} "${text}")
