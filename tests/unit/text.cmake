depositary_check(fold depositary_text)
depositary_check(citation depositary_text)
depositary_check(quote depositary_text depositary_corpus)

# Quotes against an oracle of the tests' own.
add_library(quote_oracle STATIC quote_oracle.c)
depositary_target(quote_oracle)
target_include_directories(quote_oracle PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(quote_oracle PUBLIC depositary_corpus packages::check packages::utf8proc)
depositary_check(quotes quote_oracle depositary_text)
depositary_check(corpus depositary_corpus packages::sodium)
depositary_check(import depositary_text)
target_sources(check_import PRIVATE instrument_maker.c)
