# SPDX-License-Identifier: Apache-2.0
# Static archives in place of shared libraries, for those that are small and in every start of the program. Modules keep
# the shared ones: not every archive is made for them.
foreach(pair JANSSON=jansson YAML=yaml EVENT=event_core EVENT_TLS=event_openssl SECCOMP=seccomp)
  string(REGEX REPLACE "=.*" "" target ${pair})
  string(REGEX REPLACE ".*=" "" name ${pair})
  find_library(STATIC_${target} NAMES lib${name}.a)
  if(STATIC_${target})
    get_property(shared TARGET PkgConfig::${target} PROPERTY INTERFACE_LINK_LIBRARIES)
    set(is_program $<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>)
    set_property(TARGET PkgConfig::${target} PROPERTY INTERFACE_LINK_LIBRARIES
      $<${is_program}:${STATIC_${target}}> "$<$<NOT:${is_program}>:${shared}>")
  endif()
endforeach()
