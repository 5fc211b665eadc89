# The room src/client: judging answers.

# True answers and lies, here and for the lying service of tests/system.
add_library(answer_maker STATIC answer_maker.c answer_scene.c answer_lies.c)
depositary_target(answer_maker)
target_include_directories(answer_maker PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(answer_maker PUBLIC depositary_client)

depositary_check(answer answer_maker)
