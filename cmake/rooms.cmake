# A room: a folder of src/, a static library qlake_<room>, a namespace of the same name, and one test program
# <room>_test of all the unit tests that stand beside its code.
# -Wrestrict is off: g++ 12 sees an overlap in std::string's own code where there is none (GCC bug 105651).
function(qlake_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wno-missing-field-initializers -Wno-restrict -Werror)
endfunction()

function(qlake_room room)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ARG_ROOMS PREPEND qlake_)
  if(NOT sources)
    return()
  endif()
  add_library(qlake_${room} STATIC ${sources})
  target_include_directories(qlake_${room} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(qlake_${room} PUBLIC ${ARG_ROOMS} ${ARG_LIBRARIES})
  qlake_warnings(qlake_${room})
  if(tests)
    add_executable(${room}_test ${tests})
    target_link_libraries(${room}_test PRIVATE qlake_${room} GTest::gtest GTest::gtest_main)
    target_compile_definitions(${room}_test PRIVATE QLAKE_SHARED="${PROJECT_SOURCE_DIR}/../shared")
    qlake_warnings(${room}_test)
    add_test(NAME ${room} COMMAND ${room}_test)
    set_tests_properties(${room} PROPERTIES LABELS fast TIMEOUT 120)
  endif()
endfunction()

# Compiles every file of the project folder (sources, models, reports, functions) into the room, as an array of
# {path, text}: model/built_in_project.h declares it.
function(qlake_embed_project room folder)
  if(NOT TARGET qlake_${room})
    return()
  endif()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
  list(SORT files)
  set(output ${CMAKE_BINARY_DIR}/generated/built_in_project.cc)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUTPUT=${output} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the project folder")
  target_sources(qlake_${room} PRIVATE ${output})
endfunction()
