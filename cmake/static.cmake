# SPDX-License-Identifier: Apache-2.0
# Static archives in place of shared libraries, for those that are small and in every start of the program.
foreach(pair JANSSON=jansson YAML=yaml EVENT=event_core SECCOMP=seccomp)
  string(REGEX REPLACE "=.*" "" target ${pair})
  string(REGEX REPLACE ".*=" "" name ${pair})
  find_library(STATIC_${target} NAMES lib${name}.a)
  if(STATIC_${target})
    set_property(TARGET PkgConfig::${target} PROPERTY INTERFACE_LINK_LIBRARIES ${STATIC_${target}})
  endif()
endforeach()
