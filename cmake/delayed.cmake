# SPDX-License-Identifier: Apache-2.0
# OpenSSL is loaded at its first call: that takes as long as all else that the program does before and after a test, and
# many a command and test never calls it. Where src/delayed/ has no stubs for the processor, it is linked as ever.

# delay_openssl(TARGET LIBRARY...): TARGET gets stubs in place of what LIBRARY..., static ones, use of libssl and libcrypto.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  enable_language(ASM)
  get_property(linked TARGET PkgConfig::OPENSSL PROPERTY INTERFACE_LINK_LIBRARIES)
  set_property(TARGET PkgConfig::OPENSSL PROPERTY INTERFACE_LINK_LIBRARIES
    "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:DELAYS_OPENSSL>>>:${linked}>")
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${pkgcfg_lib_OPENSSL_ssl} OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "SONAME +([^ \n]+)" unused "${headers}")
  set(openssl_soname ${CMAKE_MATCH_1})
endif()

function(delay_openssl target)
  if(NOT openssl_soname)
    return()
  endif()
  set(archives "")
  foreach(library IN LISTS ARGN)
    if(TARGET ${library})
      list(APPEND archives $<TARGET_FILE:${library}>)
    else()
      list(APPEND archives ${library})
    endif()
  endforeach()
  set(stubs ${CMAKE_BINARY_DIR}/delayed/${target}.S)
  add_custom_command(OUTPUT ${stubs}
    COMMAND ${CMAKE_COMMAND} -D NM=${CMAKE_NM} "-D ARCHIVES=${archives}"
      "-D LIBRARIES=${pkgcfg_lib_OPENSSL_ssl};${pkgcfg_lib_OPENSSL_crypto}" -D OUT=${stubs}
      -P ${CMAKE_SOURCE_DIR}/cmake/delayed_stubs.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/delayed_stubs.cmake VERBATIM)
  set_source_files_properties(${stubs} PROPERTIES OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/src/delayed/x86_64.S
    COMPILE_OPTIONS "-I${CMAKE_SOURCE_DIR}/src/delayed")
  add_library(delayed_${target} OBJECT ${stubs} ${CMAKE_SOURCE_DIR}/src/delayed/delayed.c)
  target_compile_definitions(delayed_${target} PRIVATE DELAYED_LIBRARY="${openssl_soname}")
  target_link_libraries(${target} PRIVATE delayed_${target})
  set_target_properties(${target} PROPERTIES DELAYS_OPENSSL ON)
endfunction()
